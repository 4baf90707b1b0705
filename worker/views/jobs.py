"""Jobs, and batches of them: every number is counted from rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from worker import models
from worker.database import clock, now_ms
from worker.errors import UnknownJob
from worker.models import Recording, ServiceState
from worker.queue.batches import require_batch
from worker.queue.filters import JobFilter, in_batch
from worker.results.totals import SegmentSums, audio_ms_done, batch_eta_s, eta_s, job_totals, segment_sums, skipped_ms
from worker.shapes.base import Page, moment
from worker.shapes.jobs import Batch, Job, JobError, Jobs, Progress, Spec, Waiting
from worker.states import JobState
from worker.views.pages import PageRequest, Rows, make_page

# Made once, for polls are many.
JOBS: Rows = select(models.Job, Recording.source, Recording.duration_ms, now_ms()).join(
    Recording, Recording.id == models.Job.recording_id
)
NO_ERROR = {"code": None, "message": None, "stage": None, "retryable": False, "service_code": None, "hint": None}


def read_job(session: Session, job_id: str) -> Job:
    """Raises UnknownJob."""
    return read_versioned_job(session, job_id)[1]


def read_versioned_job(session: Session, job_id: str) -> tuple[int, Job]:
    """The job's version and the job; raises UnknownJob.

    The version is read first: should a segment be answered in between, the version is the older one, and whoever
    compares it looks again.
    """
    rows = _rows(session, JOBS.where(models.Job.id == job_id))
    if not rows:
        raise UnknownJob(f"There is no job {job_id!r}.")
    return rows[0].job.changed_ms, _jobs(session, rows)[0]


def list_jobs(session: Session, chosen: JobFilter, page: PageRequest) -> Page[Job]:
    """A page of the jobs that are chosen, newest first."""
    rows = _rows(session, page.rows_of(JOBS.where(*chosen.conditions()), models.Job.id))
    return make_page(Jobs, _jobs(session, rows), page)


def job_version(session: Session, job_id: str) -> int:
    """A number that is another one after each visible change of the job; raises UnknownJob."""
    version = session.scalar(select(models.Job.changed_ms).where(models.Job.id == job_id))
    if version is None:
        raise UnknownJob(f"There is no job {job_id!r}.")
    return version


def read_batch(session: Session, batch_id: str) -> Batch:
    """A batch, its jobs counted by state and by code; raises UnknownBatch."""
    batch = require_batch(session, batch_id)
    counts = {state.value: 0 for state in JobState} | _counted(session, batch_id, models.Job.status)
    sums = job_totals(session, in_batch(batch_id))[()]
    return Batch(
        id=batch.id,
        name=batch.name,
        jobs=sum(counts.values()),
        counts=counts,
        codes=_counted(session, batch_id, models.Job.error_code),
        waiting=_counted(session, batch_id, models.Job.waiting_code),
        eta_s=batch_eta_s(counts, sums.first_started_ms, clock(session)),
        audio_ms=sums.audio_ms,
        needed_ms=sums.needed_ms,
        sent_ms=sums.sent_ms,
        reused_ms=sums.reused_ms,
        skipped_ms=sums.skipped_ms,
        gaps=sums.gaps,
        created_at=moment(batch.created_ms),
    )


@dataclass(frozen=True)
class _Row:
    job: models.Job
    source: str
    duration_ms: int | None  # the recording's, where a decode has counted it
    now_ms: int


def _rows(session: Session, statement: Rows) -> list[_Row]:
    return [_Row(*row) for row in session.execute(statement)]


def _jobs(session: Session, rows: Sequence[_Row]) -> list[Job]:
    counted = segment_sums(session, [row.job.id for row in rows])
    refused = _refused_services(session, {row.job.service for row in rows if _is_unmarked(row.job)})
    return [_job(row, counted.get(row.job.id, SegmentSums()), refused.get(row.job.service)) for row in rows]


def _job(row: _Row, tally: SegmentSums, refused: ServiceState | None) -> Job:
    job = row.job
    total_ms = row.duration_ms if job.audio_ms is None else job.audio_ms
    done_ms = audio_ms_done(job, tally)
    progress = Progress(
        segments_done=tally.done,
        segments_total=tally.segments if job.cut_complete else None,
        audio_ms_done=done_ms,
        audio_ms_total=total_ms,
    )
    return Job(
        id=job.id,
        status=job.status,
        recording=job.recording_id,
        source=row.source,
        archive=job.archive,
        batch=job.batch_id,
        campaign=job.campaign_id,
        external_id=job.external_id,
        labels=job.labels,
        spec=Spec.read(job.spec),
        attempts=job.attempts,
        losses=job.losses,
        retry_of=job.retry_of,
        progress=progress,
        eta_s=eta_s(job, done_ms, total_ms, row.now_ms),
        needed_ms=tally.needed_ms,
        sent_ms=tally.sent_ms + job.sent_outside_ms,
        reused_ms=tally.reused_ms,
        skipped_ms=skipped_ms(job, tally),
        gaps=tally.gaps,
        waiting=_waiting(job, refused),
        error=JobError.read({**NO_ERROR, **job.error}) if job.error else None,
        deadline=moment(job.deadline_ms),
        created_at=moment(job.created_ms),
        started_at=moment(job.started_ms),
        finished_at=moment(job.finished_ms),
    )


def _is_unmarked(job: models.Job) -> bool:
    return job.status == JobState.QUEUED and job.waiting_code is None


def _waiting(job: models.Job, refused: ServiceState | None) -> Waiting | None:
    """What the job waits for. The row of one submitted while its service refuses everybody does not say so yet."""
    if job.waiting_code is not None:
        next_try = job.due_ms if job.status == JobState.QUEUED else None
        return _waiting_for(job.waiting_code, job.waiting_message, job.waiting_since_ms, next_try)
    if refused is not None and refused.code is not None and _is_unmarked(job):
        since = max(refused.since_ms, job.created_ms)
        return _waiting_for(refused.code, refused.message, since, refused.next_try_ms)
    return None


def _waiting_for(code: str, message: str | None, since_ms: int | None, next_try_ms: int | None) -> Waiting:
    return Waiting(code=code, message=message, since=moment(since_ms), next_try_at=moment(next_try_ms))


def _refused_services(session: Session, names: set[str]) -> dict[str, ServiceState]:
    if not names:
        return {}
    refused = (ServiceState.name.in_(names), ServiceState.next_try_ms.is_not(None))
    return {row.name: row for row in session.scalars(select(ServiceState).where(*refused))}


def _counted(session: Session, batch_id: str, column: InstrumentedAttribute[Any]) -> dict[str, int]:
    rows = session.execute(select(column, func.count()).where(in_batch(batch_id), column.is_not(None)).group_by(column))
    return {str(value): number for value, number in rows}
