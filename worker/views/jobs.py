"""A job as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.database import now_ms
from worker.errors import UnknownJob
from worker.models import Job, Recording, ServiceState
from worker.queue.filters import JobFilter
from worker.results.progress import Tally, audio_ms_done, eta_s, skipped_ms, tallies
from worker.states import JobState
from worker.views.pages import Page, Rows, Window, paged
from worker.views.times import iso

View = dict[str, Any]
# Made once, for polls are many.
JOBS: Rows = select(Job, Recording.source, Recording.duration_ms, now_ms()).join(
    Recording, Recording.id == Job.recording_id
)
NO_ERROR: View = {"code": None, "message": None, "stage": None, "retryable": False, "service_code": None, "hint": None}


def read_job(session: Session, job_id: str) -> View:
    """The job's JSON; raises UnknownJob."""
    return look(session, job_id)[1]


def look(session: Session, job_id: str) -> tuple[int, View]:
    """The job's version and its JSON; raises UnknownJob.

    The version is read first: should a segment be answered in between, the version is the older one, and whoever
    compares it looks again.
    """
    rows = _rows(session, JOBS.where(Job.id == job_id))
    if not rows:
        raise UnknownJob(f"There is no job {job_id!r}.")
    return rows[0].job.changed_ms, _views(session, rows)[0]


def list_jobs(session: Session, chosen: JobFilter, window: Window) -> Page:
    """A page of the jobs that are chosen, newest first."""
    wanted = JOBS.where(*chosen.conditions())
    return paged(_views(session, _rows(session, window.over(wanted, Job.id))), window)


def job_version(session: Session, job_id: str) -> int:
    """A number that is another one after each visible change of the job; raises UnknownJob."""
    version = session.scalar(select(Job.changed_ms).where(Job.id == job_id))
    if version is None:
        raise UnknownJob(f"There is no job {job_id!r}.")
    return version


def _views(session: Session, rows: Sequence["_Read"]) -> list[View]:
    counted = tallies(session, [row.job.id for row in rows])
    refused = _refused_services(session, {row.job.service for row in rows if _untold(row.job)})
    return [_view(row, counted.get(row.job.id, Tally()), refused.get(row.job.service)) for row in rows]


def _rows(session: Session, statement: Rows) -> list["_Read"]:
    return [_Read(*row) for row in session.execute(statement)]


@dataclass(frozen=True)
class _Read:
    job: Job
    source: str
    duration_ms: int | None  # the recording's, where a decode has counted it
    now_ms: int


def _view(row: _Read, tally: Tally, refused: ServiceState | None) -> View:
    job = row.job
    total_ms = row.duration_ms if job.audio_ms is None else job.audio_ms
    done_ms = audio_ms_done(job, tally)
    return {
        "id": job.id,
        "status": job.status,
        "recording": job.recording_id,
        "source": row.source,
        "archive": job.archive,
        "batch": job.batch_id,
        "campaign": job.campaign_id,
        "external_id": job.external_id,
        "labels": job.labels,
        "spec": job.spec,
        "attempts": job.attempts,
        "losses": job.losses,
        "retry_of": job.retry_of,
        "progress": {
            "segments_done": tally.done,
            "segments_total": tally.segments if job.cut_complete else None,
            "audio_ms_done": done_ms,
            "audio_ms_total": total_ms,
        },
        "eta_s": eta_s(job, done_ms, total_ms, row.now_ms),
        "needed_ms": tally.needed_ms,
        "sent_ms": tally.sent_ms + job.sent_outside_ms,
        "reused_ms": tally.reused_ms,
        "skipped_ms": skipped_ms(job, tally),
        "gaps": tally.gaps,
        "waiting": _waiting(job, refused),
        "error": {**NO_ERROR, **job.error} if job.error else None,
        "deadline": iso(job.deadline_ms),
        "created_at": iso(job.created_ms),
        "started_at": iso(job.started_ms),
        "finished_at": iso(job.finished_ms),
    }


def _untold(job: Job) -> bool:
    return job.status == JobState.QUEUED and job.waiting_code is None


def _waiting(job: Job, refused: ServiceState | None) -> View | None:
    """What the job waits for. One submitted while its service refuses everybody has not been told so in its row."""
    if job.waiting_code is not None:
        next_try = job.due_ms if job.status == JobState.QUEUED else None
        return _waiting_for(job.waiting_code, job.waiting_message, job.waiting_since_ms, next_try)
    if refused is not None and _untold(job):
        since = max(refused.since_ms, job.created_ms)
        return _waiting_for(refused.code, refused.message, since, refused.next_try_ms)
    return None


def _waiting_for(code: str | None, message: str | None, since_ms: int | None, next_try_ms: int | None) -> View:
    return {"code": code, "message": message, "since": iso(since_ms), "next_try_at": iso(next_try_ms)}


def _refused_services(session: Session, names: set[str]) -> dict[str, ServiceState]:
    if not names:
        return {}
    refused = (ServiceState.name.in_(names), ServiceState.next_try_ms.is_not(None))
    return {row.name: row for row in session.scalars(select(ServiceState).where(*refused))}
