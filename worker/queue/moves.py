"""The guarded moves of `jobs` and `sweep`: a state changes along `worker.states.MOVES` or not at all."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Update
from sqlalchemy.orm import Session

from realtime.protocol.errors import CodedError
from worker.claims.claim import FREE, Claim, locked, raised, touch
from worker.database import change
from worker.hints import hint_of, message_of
from worker.models import Job
from worker.states import JobState, sources_of


def move_claimed(session: Session, claim: Claim, target: JobState, changes: dict[str, Any]) -> None:
    """Move the claim's job, which nobody holds afterwards; raises LeaseLost."""
    touch(session, claim, status=target, **FREE, **changes)


def move_many(
    session: Session,
    target: JobState,
    conditions: Iterable[ColumnElement[bool]],
    changes: dict[str, Any],
    *,
    skip_locked: bool = False,
    at_most: int | None = None,
) -> Sequence[str]:
    """Move those of the jobs that may; their ids."""
    legal = Job.status.in_(sources_of(target))
    chosen = Job.id.in_(locked((legal, *conditions), skip_locked=skip_locked).limit(at_most))
    return session.scalars(moving(target, chosen, changes).returning(Job.id)).all()


def moving(target: JobState, chosen: ColumnElement[bool], changes: dict[str, Any]) -> Update:
    """The UPDATE that is the guard as well: it changes no row that is in another state."""
    guard = Job.status.in_(sources_of(target))
    return change(Job).where(guard, chosen).values(status=target, changed_ms=raised(), **changes)


def ended_by(error: CodedError, stage: str) -> dict[str, Any]:
    """What a failed job keeps of its error."""
    return {
        "error_code": error.code,
        "error": {
            "code": error.code,
            "message": message_of(error),
            "stage": stage,
            "retryable": error.retryable,
            "service_code": error.service_code,
            "hint": hint_of(type(error)),
        },
    }
