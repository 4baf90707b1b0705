"""A batch as JSON: its jobs counted by state and by code."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from worker.database import clock
from worker.models import Job
from worker.queue.batches import require_batch
from worker.queue.filters import in_batch
from worker.results.progress import batch_eta_s
from worker.results.totals import totals
from worker.states import JobState
from worker.views.times import iso

View = dict[str, Any]


def read_batch(session: Session, batch_id: str) -> View:
    """The batch's JSON; raises UnknownBatch."""
    batch = require_batch(session, batch_id)
    counts = {state.value: 0 for state in JobState} | _counted(session, batch_id, Job.status)
    found = totals(session, in_batch(batch_id))[()]
    return {
        "id": batch.id,
        "name": batch.name,
        "jobs": sum(counts.values()),
        "counts": counts,
        "codes": _counted(session, batch_id, Job.error_code),
        "waiting": _counted(session, batch_id, Job.waiting_code),
        "eta_s": batch_eta_s(counts, found.first_started_ms, clock(session)),
        "audio_ms": found.audio_ms,
        "needed_ms": found.needed_ms,
        "sent_ms": found.sent_ms,
        "reused_ms": found.reused_ms,
        "skipped_ms": found.skipped_ms,
        "gaps": found.gaps,
        "created_at": iso(batch.created_ms),
    }


def _counted(session: Session, batch_id: str, column: InstrumentedAttribute[Any]) -> dict[str, int]:
    rows = session.execute(select(column, func.count()).where(in_batch(batch_id), column.is_not(None)).group_by(column))
    return {str(value): number for value, number in rows}
