"""Batches: made empty, filled by submissions that name them."""

from collections.abc import Iterable

from sqlalchemy import insert
from sqlalchemy.orm import Session

from worker.database import now_ms, upsert
from worker.errors import UnknownBatch
from worker.ids import new_id
from worker.models import Batch, BatchJob


def add_batch(session: Session, name: str | None = None) -> str:
    """Insert an empty batch in the caller's transaction; its id."""
    batch_id = new_id()
    session.execute(insert(Batch).values(id=batch_id, name=name, created_ms=now_ms()))
    return batch_id


def require_batch(session: Session, batch_id: str) -> Batch:
    """The batch's row; raises UnknownBatch."""
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise UnknownBatch(f"There is no batch {batch_id!r}.")
    return batch


def count_in(session: Session, pairs: Iterable[tuple[str | None, str]]) -> None:
    """Let each batch count the job, once; pairs of batch and job, where a job without a batch is passed over."""
    rows = [{"batch_id": batch_id, "job_id": job_id} for batch_id, job_id in pairs if batch_id is not None]
    if rows:
        session.execute(upsert(session, BatchJob).on_conflict_do_nothing(), rows)
