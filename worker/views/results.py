"""What came of many recordings, a row for each: its transcript's id, what was sent for it, or why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker.campaigns.running.life import get_campaign
from worker.errors import UnknownJob
from worker.models import Job, Member, Recording, Transcript
from worker.queue.batches import require_batch
from worker.queue.filters import in_batch
from worker.results.progress import Tally, tallies
from worker.services.lookup import Services
from worker.services.prices import Price, usd
from worker.spending.costs import cost_nusd
from worker.states import JobState
from worker.views.pages import Page, Rows, Window, paged
from worker.views.times import iso

MISSING = "missing"  # it was never asked for

View = dict[str, Any]


@dataclass(frozen=True)
class _Result:
    recording: Recording
    transcript: Transcript | None
    job: Job | None  # that made the transcript, or the latest that failed to


_TRANSCRIPT_OF_JOB = Transcript.job_id == Job.id
_COLUMNS = select(Recording, Transcript, Job)


def archive_results(session: Session, services: Services, archive: str, window: Window) -> Page:
    """The current versions of an archive's recordings, newest recording first."""
    wanted = (
        _COLUMNS.select_from(Recording)
        .outerjoin(Transcript, Transcript.id == Recording.current_transcript_id)
        .outerjoin(Job, Job.id == Transcript.job_id)
        .where(Recording.archive == archive)
    )
    rows = _read(session, window.over(wanted, Recording.id))
    return _page(session, services, _with_latest_jobs(session, rows), window, "recording")


def batch_results(session: Session, services: Services, batch_id: str, window: Window) -> Page:
    """The transcripts of a batch's jobs, newest job first; raises UnknownBatch."""
    require_batch(session, batch_id)
    rows = _read(session, window.over(_OF_JOBS.where(in_batch(batch_id)), Job.id))
    return _page(session, services, rows, window, "job")


def job_results(session: Session, services: Services, job_ids: Sequence[str], window: Window) -> Page:
    """The transcripts of named jobs; raises UnknownJob."""
    known = set(session.scalars(select(Job.id).where(Job.id.in_(job_ids))))
    for job_id in job_ids:
        if job_id not in known:
            raise UnknownJob(f"There is no job {job_id!r}.")
    rows = _read(session, window.over(_OF_JOBS.where(Job.id.in_(job_ids)), Job.id))
    return _page(session, services, rows, window, "job")


def campaign_results(session: Session, services: Services, name: str, window: Window) -> Page:
    """A campaign's own versions, promoted or not, newest recording first; raises UnknownCampaign."""
    campaign_id = get_campaign(session, name).id
    wanted = (
        _COLUMNS.select_from(Member)
        .join(Recording, Recording.id == Member.recording_id)
        .outerjoin(Job, Job.id == Member.job_id)
        .outerjoin(Transcript, _TRANSCRIPT_OF_JOB)
        .where(Member.campaign_id == campaign_id)
    )
    rows = _read(session, window.over(wanted, Member.recording_id))
    return _page(session, services, rows, window, "recording")


_OF_JOBS = (
    _COLUMNS.select_from(Job)
    .join(Recording, Recording.id == Job.recording_id)
    .outerjoin(Transcript, _TRANSCRIPT_OF_JOB)
)


def _read(session: Session, statement: Rows) -> list[_Result]:
    return [_Result(*row) for row in session.execute(statement)]


def _with_latest_jobs(session: Session, rows: Sequence[_Result]) -> list[_Result]:
    """Recordings without a transcript are shown with the latest job that was to make one."""
    without = [row.recording.id for row in rows if row.transcript is None]
    latest = select(func.max(Job.id)).where(Job.recording_id.in_(without)).group_by(Job.recording_id)
    jobs = {job.recording_id: job for job in session.scalars(select(Job).where(Job.id.in_(latest)))} if without else {}
    return [row if row.transcript else _Result(row.recording, None, jobs.get(row.recording.id)) for row in rows]


def _page(session: Session, services: Services, rows: Sequence[_Result], window: Window, key: str) -> Page:
    unfinished = [row.job.id for row in rows if row.job and row.transcript is None]
    counted = tallies(session, unfinished) if unfinished else {}
    costs = _Costs(session, services)
    return paged([_view(row, counted, costs) for row in rows], window, key=key)


class _Costs:
    """What jobs have cost, at the price that there is now; each price is looked up once a page."""

    def __init__(self, session: Session, services: Services) -> None:
        self._session = session
        self._services = services
        self._prices: dict[tuple[str, str], Price | None] = {}

    def usd(self, job: Job | None, sent_ms: int) -> float | None:
        """By what was asked for: the model that answered may have a longer name. None where no price is known."""
        price = self._price(job.service, job.spec["model"]) if job else None
        if job is None or price is None:
            return None
        return usd(cost_nusd(self._session, price, sent_ms, Job.id == job.id))

    def _price(self, service: str, model: str) -> Price | None:
        if (service, model) not in self._prices:
            self._prices[service, model] = self._services.price_of(service, model)
        return self._prices[service, model]


def _view(row: _Result, counted: dict[str, Tally], costs: _Costs) -> View:
    recording, made = row.recording, _made(row, counted)
    return {
        "recording": recording.id,
        "external_id": recording.external_id,
        "source": recording.source,
        "archive": recording.archive,
        "labels": recording.labels,
        "recorded_at": iso(recording.recorded_ms),
        "created_at": iso(recording.created_ms),
        "duration_ms": recording.duration_ms,
        "job": row.job.id if row.job else None,
        "transcript": row.transcript.id if row.transcript else None,
        **made,
        "cost_usd": costs.usd(row.job, made["sent_ms"]),
    }


def _made(row: _Result, counted: dict[str, Tally]) -> View:
    """What is known of the making: by the transcript, else by the job, else nothing."""
    if row.transcript is not None:
        return {"status": JobState.SUCCEEDED.value, **_maker(row.transcript), "sent_ms": row.transcript.sent_ms}
    if row.job is None:
        return {**_NOTHING, "language": row.recording.language}
    job, error = row.job, row.job.error
    return {
        "status": job.status,
        "service": job.service,
        "model": job.spec["model"],
        "language": job.spec.get("language") or row.recording.language,
        "sent_ms": counted.get(job.id, Tally()).sent_ms + job.sent_outside_ms,
        "error": error and {"code": error.get("code"), "message": error.get("message")},
    }


_NOTHING: View = {"status": MISSING, "service": None, "model": None, "sent_ms": 0, "error": None}


def _maker(made: Transcript) -> View:
    return {"service": made.service, "model": made.model, "language": made.language, "error": None}
