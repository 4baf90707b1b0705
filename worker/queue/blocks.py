"""Jobs behind a closed door, marked so that claims begin behind them.

A door is closed while a service refuses everybody, and while a budget has nothing left.
`worker.queue.claimable` passes over such jobs by itself, but one after the other: very many of them ahead of the rest
would make each claim slow. So each may be marked with what holds it, and the index of claims has the marked ones
elsewhere. Who closes or opens a door
marks its jobs in the same breath; what a race leaves wrong, and who knocks when a probe is due, is for `keep_marks`.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, String, func, literal, or_, select
from sqlalchemy.orm import Session

from worker.claims.claim import locked
from worker.database import Database, change
from worker.models import Budget, Job, ServiceState
from worker.queue.claimable import NOW, refusing_service, spent_budget
from worker.states import JobState, Lane

FEW = 100  # jobs looked at for one mark in one round: what a race leaves is far less


def by_service(name: str) -> str:
    """The mark of a job whose service refuses everybody."""
    return f"service:{name}"


def by_budget(budget_id: str) -> str:
    """The mark of a job with a budget that is used up."""
    return f"budget:{budget_id}"


def holder(job: Any) -> ColumnElement[str]:  # noqa: ANN401  # Job, or an alias of it
    """The mark that the job should have now: of one closed door, or empty where all are open."""
    service = select(literal(by_service(""), String) + ServiceState.name).where(refusing_service(job))
    budget = select(func.min(literal(by_budget(""), String) + Budget.id)).where(spent_budget(job))
    return func.coalesce(service.scalar_subquery(), budget.scalar_subquery(), "")


def keep_marks(database: Database) -> None:
    """Mark the first due jobs that are behind a closed door, and free those whose door is open. For each round.

    A few at a time: a service whose next probe is due is no closed door, until one of the freed has knocked.
    """
    with database.reading() as session:
        unmarked = [""] if session.scalar(select(_any_door_is_closed())) else []
        places = [(lane, mark) for lane in Lane for mark in [*unmarked, *_marks(session, lane)]]
        wrong = [found for lane, mark in places for found in _wrong(session, lane, mark)]
    for was, now, ids in wrong:
        _mark(database, ids, was, now)


def _marks(session: Session, lane: Lane) -> Iterator[str]:
    """Each mark that queued jobs of the lane have, by a look at the index."""
    mark: str | None = ""
    queued = (Job.status == JobState.QUEUED, Job.lane == lane)
    while mark := session.scalar(select(Job.held_by).where(*queued, Job.held_by > mark).order_by(Job.held_by).limit(1)):
        yield mark


def _any_door_is_closed() -> ColumnElement[bool]:
    service = select(ServiceState.name).where(ServiceState.next_try_ms > NOW).exists()
    return or_(service, select(Budget.id).where(Budget.spent_until_ms > NOW).exists())


def _wrong(session: Session, lane: Lane, mark: str) -> list[tuple[str, str, list[str]]]:
    """Among the first jobs with this mark those that should have another: the mark, the other, and their ids.

    All that have a mark are behind the same door: where it is open the first ones say so.
    """
    alike = (Job.status == JobState.QUEUED, Job.lane == lane, Job.held_by == mark, Job.due_ms <= NOW)
    first = select(Job.id, holder(Job).label("now")).where(*alike).order_by(Job.priority.desc(), Job.id).limit(FEW)
    ids = defaultdict[str, list[str]](list)
    for job_id, now in session.execute(first):
        ids[now].append(job_id)
    return [(mark, now, some) for now, some in ids.items() if now != mark]


def _mark(database: Database, ids: list[str], was: str, now: str) -> None:
    """Their ETag stays: nobody sees a mark."""
    still = (Job.id.in_(ids), Job.status == JobState.QUEUED, Job.held_by == was)
    with database.writing() as session:
        session.execute(change(Job).where(Job.id.in_(locked(still))).values(held_by=now))
        session.commit()
