"""Imports' rows: made, claimed by a dispatcher, written to under the claim, ended. The only place that changes a state.

A claim is as a job's: its number, the fence, is quoted by every write, so whoever was presumed dead writes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, insert, null, or_, select
from sqlalchemy.orm import Session

from realtime.protocol.errors import CodedError
from worker.claims.claim import change_claimed
from worker.database import Database, change, now_ms
from worker.errors import IllegalMove, UnknownImport
from worker.ids import new_id
from worker.models import Import
from worker.queue.batches import add_batch
from worker.states import ImportState, sources_of

FREE: dict[str, Any] = {"holder": None, "lease_until_ms": None}


@dataclass(frozen=True, kw_only=True)
class ImportClaim:
    """What a dispatcher holds while it works at an import."""

    import_id: str
    fence: int
    lease_s: float


def add_import(
    session: Session, archive: str, source: Mapping[str, Any], options: Mapping[str, Any] | None, total: int | None
) -> str:
    """Insert one that waits for a dispatcher, with a batch where its recordings are to be transcribed; its id."""
    batch_id = add_batch(session, f"import into {archive}"[:200]) if options is not None else None
    import_id = new_id()
    columns = {"archive": archive, "batch_id": batch_id, "source": dict(source), "total": total}
    when = {"due_ms": now_ms(), "created_ms": now_ms(), "changed_ms": now_ms()}
    options = null() if options is None else dict(options)  # type: ignore[assignment]  # JSON's null is another one
    session.execute(insert(Import).values(id=import_id, status=ImportState.QUEUED, options=options, **columns, **when))
    return import_id


def get_import(session: Session, import_id: str) -> Import:
    """The import's row; raises UnknownImport."""
    found = session.get(Import, import_id)
    if found is None:
        raise UnknownImport(f"There is no import {import_id!r}.")
    return found


def open_import(session: Session, archive: str, source: Mapping[str, Any]) -> str | None:
    """One of the same source that has not ended."""
    rows = select(Import).where(Import.archive == archive, Import.finished_ms.is_(None)).order_by(Import.id)
    return next((row.id for row in session.scalars(rows) if row.source == source), None)


def manifests_in_use(session: Session) -> set[str | None]:
    """The media keys of manifests that are still to be read."""
    return {source.get("key") for source in session.scalars(select(Import.source).where(Import.finished_ms.is_(None)))}


def cancel_import(session: Session, import_id: str) -> None:
    """Stop one that has not ended; what was kept stays. Raises UnknownImport, IllegalMove."""
    row = get_import(session, import_id)
    ended = {"status": ImportState.CANCELLED, "finished_ms": now_ms(), "changed_ms": now_ms(), **FREE}
    may = (Import.id == import_id, Import.status.in_(sources_of(ImportState.CANCELLED)))
    if session.scalar(change(Import).where(*may).values(ended).returning(Import.id)) is None:
        raise IllegalMove(f"An import that is {row.status} cannot be cancelled.")
    session.expire(row)


def claim_import(database: Database, holder: str, lease_s: float) -> ImportClaim | None:
    """Take the import that waits the longest, or one whose holder has not renewed its lease; None where none is due."""
    free = or_(
        Import.status == ImportState.QUEUED,
        and_(Import.status == ImportState.RUNNING, Import.lease_until_ms < now_ms()),
    )
    due = select(Import.id).where(free, Import.finished_ms.is_(None), Import.due_ms <= now_ms())
    first = due.order_by(Import.due_ms, Import.id).limit(1).with_for_update(skip_locked=True)
    taken = {
        "status": ImportState.RUNNING,
        "fence": Import.fence + 1,
        "holder": holder,
        "lease_until_ms": now_ms() + int(lease_s * 1000),
        "changed_ms": now_ms(),
    }
    taking = change(Import).where(Import.id == first.scalar_subquery(), free).values(taken)
    with database.reading() as session:  # asked once a second: no write where there is nothing to write
        if session.scalar(due.limit(1)) is None:
            return None
    with database.writing() as session:
        row = session.execute(taking.returning(Import.id, Import.fence)).one_or_none()
        session.commit()
    return ImportClaim(import_id=row.id, fence=row.fence, lease_s=lease_s) if row else None


def touch(session: Session, claim: ImportClaim, **changes: Any) -> None:  # noqa: ANN401  # columns have many types
    """Lock the import's row, renew the lease, and change what is given; raises LeaseLost where the claim is over."""
    renewed = {"lease_until_ms": now_ms() + int(claim.lease_s * 1000)}
    change_claimed(session, Import, claim.import_id, claim.fence, {**renewed, **changes})


def renew(database: Database, claim: ImportClaim) -> None:
    """Raises LeaseLost."""
    with database.writing() as session:
        touch(session, claim)
        session.commit()


def finish(database: Database, claim: ImportClaim) -> None:
    """It has come to its end."""
    _leave(database, claim, status=ImportState.SUCCEEDED, error=null(), finished_ms=now_ms())


def fail(database: Database, claim: ImportClaim, error: CodedError) -> None:
    """It cannot go on."""
    _leave(database, claim, status=ImportState.FAILED, error=shown(error), finished_ms=now_ms())


def requeue(database: Database, claim: ImportClaim, error: CodedError | None = None, *, due_in_s: float = 0) -> None:
    """Give it back, for any dispatcher to go on with behind what is kept; ``error`` is what it waits for."""
    reason = null() if error is None else shown(error)
    _leave(database, claim, status=ImportState.QUEUED, error=reason, due_ms=now_ms() + int(due_in_s * 1000))


def _leave(database: Database, claim: ImportClaim, **changes: Any) -> None:  # noqa: ANN401  # columns have many types
    with database.writing() as session:
        touch(session, claim, **{**changes, **FREE})
        session.commit()


def shown(error: CodedError) -> dict[str, Any]:
    """What is kept of an error."""
    return {"code": error.code, "message": error.message, "retryable": error.retryable, "hint": error.hint}
