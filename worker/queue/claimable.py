"""Which jobs may be claimed now, and which of them is next: the one query of claims and of wake-ups."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from worker.budgets import Scope
from worker.database import Database, now_ms
from worker.models import Budget, Job, ServiceState
from worker.states import JobState, Lane

Candidate = aliased(Job)  # an alias, so that it is not taken for the job of the UPDATE around it
# As a sub-select the clock is read once for the whole statement, and an index on the time can be used.
NOW = select(now_ms()).scalar_subquery()


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
        ~_service_stops_all(),
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


def _service_stops_all() -> ColumnElement[bool]:
    """Whether the job's service refuses everybody and no probe is due: a claim would come back unworked."""
    return select(ServiceState.name).where(refusing_service(Candidate)).exists()


def budget_is_spent(job: Any) -> ColumnElement[bool]:  # noqa: ANN401  # Job, or an alias of it
    """Whether a budget of the job's has nothing left: a claim would come back before its first segment."""
    return select(Budget.id).where(spent_budget(job)).exists()


def refusing_service(job: Any) -> ColumnElement[bool]:  # noqa: ANN401  # Job, or an alias of it
    """Whether a ServiceState is the job's, and is not to be asked now."""
    return and_(ServiceState.name == job.service, ServiceState.next_try_ms > NOW)


def spent_budget(job: Any) -> ColumnElement[bool]:  # noqa: ANN401  # Job, or an alias of it
    """Whether a Budget is the deployment's, or the job's archive's or campaign's, and has nothing left."""
    its = or_(
        Budget.scope == Scope.DEPLOYMENT,
        and_(Budget.scope == Scope.ARCHIVE, Budget.name == job.archive),
        and_(Budget.scope == Scope.CAMPAIGN, Budget.name == job.campaign_id),
    )
    return and_(Budget.spent_until_ms > NOW, its)
