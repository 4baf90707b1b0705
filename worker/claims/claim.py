"""A worker's claim on a job, and the guard that every write under a claim passes through, of a job or an import."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Select, and_, bindparam, case, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from worker.database import change, now_ms
from worker.errors import LeaseLost
from worker.models import Import, Job
from worker.spec import Spec
from worker.statements import bindings, bound, execute
from worker.states import ImportState, JobState

# What a stored answer shows: the job gets on, so what it met before is not held against it any longer.
PROGRESS: dict[str, Any] = {"losses": 0, "stall_code": None, "stall_since_ms": None, "stalls": 0}
FREE: dict[str, Any] = {"worker": None, "lease_until_ms": None}
RUNNING: dict[type[Job | Import], JobState | ImportState] = {Job: JobState.RUNNING, Import: ImportState.RUNNING}


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


def raised(model: type[Job | Import] = Job) -> ColumnElement[int]:
    """The next value of ``changed_ms``: the clock, but never the same twice, since it is the ETag."""
    return case((model.changed_ms >= now_ms(), model.changed_ms + 1), else_=now_ms())


def touch(session: Session, claim: Claim, **changes: Any) -> None:  # noqa: ANN401  # columns have many types
    """Lock the job's row, and change what is given; raises LeaseLost where the fence is not the job's latest.

    It comes first in each transaction that writes under a claim.
    """
    change_claimed(session, Job, claim.job_id, claim.fence, changes)


def change_claimed(
    session: Session, model: type[Job | Import], row_id: str, fence: int, changes: Mapping[str, Any]
) -> None:
    """Lock a claimed row, and change what is given; raises LeaseLost where the fence is not the row's latest.

    On PostgreSQL a bare look at the fence could race with a claim; this UPDATE keeps the row until the commit, so a
    successor's claim waits for it or comes before.
    """
    fixed = {name: value for name, value in changes.items() if not isinstance(value, ClauseElement)}
    computed = {name: value for name, value in changes.items() if name not in fixed}
    guarded = _changing(model, tuple(fixed)).values(computed) if computed else _changing(model, tuple(fixed))
    values = {"claimed": row_id, "quoted_fence": fence, **bindings(fixed)}
    if execute(session, guarded, values).first() is None:
        raise LeaseLost(f"claim {fence} on {model.__name__.lower()} {row_id} does not hold any more")


@cache  # few sets of columns are ever changed
def _changing(model: type[Job | Import], names: tuple[str, ...]) -> ReturningUpdate[str]:
    """The UPDATE of these columns; its guard: no row, once somebody else has claimed, cancelled or swept it."""
    own = and_(model.id == bindparam("claimed"), model.fence == bindparam("quoted_fence"))
    changed = change(model).where(own, model.status == RUNNING[model])
    return changed.values(changed_ms=raised(model), **bound(model, names)).returning(model.id)


def locked(conditions: Iterable[ColumnElement[bool]], *, skip_locked: bool = False) -> Select[str]:
    """The ids of the jobs, their rows locked in the order of the ids: so two statements on many never deadlock."""
    rows = select(Job.id).where(*conditions).order_by(Job.id).correlate(None)
    return rows.with_for_update(skip_locked=skip_locked, key_share=True)
