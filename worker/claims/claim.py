"""A worker's claim on a job, and the guard that every write under it passes through."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Select, and_, bindparam, case, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from worker.database import bindings, bound, change, execute, now_ms
from worker.errors import LeaseLost
from worker.models import Job
from worker.spec import Spec
from worker.states import JobState

# What a stored answer shows: the job gets on, so what it met before is not held against it any longer.
PROGRESS: dict[str, Any] = {"losses": 0, "stall_code": None, "stall_since_ms": None, "stalls": 0}
FREE: dict[str, Any] = {"worker": None, "lease_until_ms": None}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a worker holds while it works on a job. ``fence`` is the claim's number, which each write quotes."""

    job_id: str
    recording_id: str
    worker: str
    fence: int
    spec: Spec
    lease_s: float
    archive: str = ""
    campaign_id: str | None = None  # the id of the one that made the job
    attempts: int = 0  # charged before this claim
    losses: int = 0  # leases lost before this claim without an answer stored since
    stalls: int = 0  # attempts in a row that ended for the same trouble, without an answer stored since


def raised() -> ColumnElement[int]:
    """The next value of ``changed_ms``: the clock, but never the same twice, since it is the ETag."""
    return case((Job.changed_ms >= now_ms(), Job.changed_ms + 1), else_=now_ms())


def touch(session: Session, claim: Claim, **changes: Any) -> None:  # noqa: ANN401  # columns have many types
    """Lock the job's row, and change what is given; raises LeaseLost where the fence is not the job's latest.

    It comes first in each transaction that writes under a claim. On PostgreSQL a bare look at the fence could race
    with a claim; this UPDATE keeps the row until the commit, so a successor's claim waits for it or comes before.
    """
    fixed = {name: value for name, value in changes.items() if not isinstance(value, ClauseElement)}
    computed = {name: value for name, value in changes.items() if name not in fixed}
    guarded = _touching(tuple(fixed)).values(computed) if computed else _touching(tuple(fixed))
    its = {"job": claim.job_id, "its_fence": claim.fence}
    if execute(session, guarded, {**its, **bindings(fixed)}).first() is None:
        raise LeaseLost(f"claim {claim.fence} on job {claim.job_id} does not hold any more")


@cache  # few sets of columns are ever changed, and to build the statement costs several times what it costs to run
def _touching(names: tuple[str, ...]) -> ReturningUpdate[str]:
    """The UPDATE of these columns, each value bound as ``to_<column>``.

    Its guard: it changes no row once somebody else has claimed, cancelled or swept the job.
    """
    holds = and_(Job.id == bindparam("job"), Job.fence == bindparam("its_fence"), Job.status == JobState.RUNNING)
    return change(Job).where(holds).values(changed_ms=raised(), **bound(Job, names)).returning(Job.id)


def locked(conditions: Iterable[ColumnElement[bool]], *, skip_locked: bool = False) -> Select[str]:
    """The ids of the jobs, their rows locked in the order of the ids: so two statements on many never deadlock."""
    rows = select(Job.id).where(*conditions).order_by(Job.id).correlate(None)
    return rows.with_for_update(skip_locked=skip_locked, key_share=True)
