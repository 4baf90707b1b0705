"""Which jobs may be claimed now, and which of them is next: the one query of claims and of wake-ups."""

from functools import cache

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from worker.database import NOW, Database
from worker.models import Job
from worker.queue.waiting import budget_is_spent, service_refuses
from worker.statements import shared_alias
from worker.states import JobState, Lane

Candidate = shared_alias(Job)  # an alias, so that it is not taken for the job of the UPDATE around it


@cache  # it never changes, and to build it costs ten times what it costs to run
def next_due(lane: Lane) -> Select[str]:
    """The best due job of the lane: by priority, then age. On PostgreSQL rows that others hold are passed over."""
    order = (Candidate.priority.desc(), Candidate.id)
    best = select(Candidate.id).where(_due(lane)).order_by(*order).limit(1)
    return best.with_for_update(skip_locked=True, key_share=True)


def count_due(database: Database, lane: Lane, at_most: int) -> int:
    """How many jobs of the lane could be claimed now, counted no further than ``at_most``."""
    found = select(Candidate.id).where(_due(lane)).limit(at_most).subquery()
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(found)) or 0


def _due(lane: Lane) -> ColumnElement[bool]:
    return and_(
        Candidate.status == JobState.QUEUED,
        Candidate.lane == lane,
        Candidate.held_by == "",
        Candidate.due_ms <= NOW,
        or_(Candidate.deadline_ms.is_(None), Candidate.deadline_ms > NOW),
        ~_worked_on_already(),
        ~service_refuses(Candidate),
        ~budget_is_spent(Candidate),
    )


def _worked_on_already() -> ColumnElement[bool]:
    """Whether another job has this audio under the same recognition key: its answers will serve this one too."""
    other = aliased(Job)
    return (
        select(other.id)
        .where(
            other.status == JobState.RUNNING,
            other.audio == Candidate.audio,
            other.recognition_key == Candidate.recognition_key,
        )
        .exists()
    )
