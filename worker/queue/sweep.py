"""What nobody holding a job can do for it: end the leases that were not renewed, and fail what is past its deadline."""

from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from worker.claims.claim import FREE
from worker.database import NOW, Database, now_ms
from worker.errors import DeadlineExceeded, WorkerLost
from worker.models import Job
from worker.queue.moves import ended_by, move_many
from worker.queue.waiting import AT_ONCE, NOT_WAITING
from worker.states import JobState

MAX_LOSSES = 3


def expire(database: Database) -> list[str]:
    """End the leases that were not renewed: the jobs are queued again, at the third loss in a row failed; their ids."""
    over = and_(Job.status == JobState.RUNNING, Job.lease_until_ms < NOW)
    lost: dict[str, Any] = {**FREE, "losses": Job.losses + 1}
    ended = {**lost, **NOT_WAITING, **ended_by(WorkerLost(), "worker"), "finished_ms": now_ms()}
    with database.writing() as session:
        failed = move_many(session, JobState.FAILED, (over, Job.losses + 1 >= MAX_LOSSES), ended, skip_locked=True)
        again = move_many(session, JobState.QUEUED, (over, Job.losses + 1 < MAX_LOSSES), lost, skip_locked=True)
        session.commit()
    return [*failed, *again]


def fail_overdue(database: Database, *, at_once: int = AT_ONCE) -> list[str]:
    """Fail the queued jobs whose deadline has passed, whatever they waited for; their ids.

    One that is being worked on is left in peace: it is done soon, or comes back and is found here.
    """
    overdue: list[str] = []
    while True:
        with database.writing() as session:
            failed = _fail_some(session, at_once)
            session.commit()
        if not failed:
            return overdue
        overdue += failed


def _fail_some(session: Session, at_most: int) -> list[str]:
    """A slice of those that waited for the same thing, so that their error can name it."""
    overdue = (Job.status == JobState.QUEUED, Job.deadline_ms <= NOW)
    first = session.execute(select(Job.id, Job.waiting_code).where(*overdue).order_by(Job.deadline_ms).limit(1)).first()
    if first is None:
        return []
    error = DeadlineExceeded(f"The deadline passed {_while(first.waiting_code)}. {DeadlineExceeded.hint}")
    ended = {**FREE, **NOT_WAITING, **ended_by(error, "queue"), "finished_ms": now_ms()}
    alike = (*overdue, Job.waiting_code.is_not_distinct_from(first.waiting_code))
    return list(move_many(session, JobState.FAILED, alike, ended, skip_locked=True, at_most=at_most))


def _while(waiting_code: str | None) -> str:
    return f"while the job waited: {waiting_code}" if waiting_code else "while the job was queued"
