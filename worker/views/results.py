"""What came of many recordings, a row for each: its transcript's id, what was sent for it, or why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker.campaigns.running.life import get_campaign
from worker.errors import UnknownJob
from worker.models import Job, Member, Recording, Transcript
from worker.queue.batches import require_batch
from worker.queue.filters import in_batch
from worker.results.totals import SegmentSums, segment_sums
from worker.services.lookup import Services
from worker.services.prices import Price, usd
from worker.shapes.base import Page, moment
from worker.shapes.recordings import Result, ResultError, Results
from worker.spending.costs import cost_nusd
from worker.states import JobState
from worker.views.pages import PageRequest, Rows, make_page

MISSING = "missing"  # it was never asked for


@dataclass(frozen=True)
class _Row:
    recording: Recording
    transcript: Transcript | None
    job: Job | None  # that made the transcript, or the latest that failed to


_TRANSCRIPT_OF_JOB = Transcript.job_id == Job.id
_COLUMNS = select(Recording, Transcript, Job)
_OF_JOBS = (
    _COLUMNS.select_from(Job)
    .join(Recording, Recording.id == Job.recording_id)
    .outerjoin(Transcript, _TRANSCRIPT_OF_JOB)
)


def archive_results(session: Session, services: Services, archive: str, page: PageRequest) -> Page[Result]:
    """The current versions of an archive's recordings, newest recording first."""
    chosen = (
        _COLUMNS.select_from(Recording)
        .outerjoin(Transcript, Transcript.id == Recording.current_transcript_id)
        .outerjoin(Job, Job.id == Transcript.job_id)
        .where(Recording.archive == archive)
    )
    rows = _read(session, page.rows_of(chosen, Recording.id))
    return _page(session, services, _with_latest_jobs(session, rows), page, "recording")


def batch_results(session: Session, services: Services, batch_id: str, page: PageRequest) -> Page[Result]:
    """The transcripts of a batch's jobs, newest job first; raises UnknownBatch."""
    require_batch(session, batch_id)
    rows = _read(session, page.rows_of(_OF_JOBS.where(in_batch(batch_id)), Job.id))
    return _page(session, services, rows, page, "job")


def job_results(session: Session, services: Services, job_ids: Sequence[str], page: PageRequest) -> Page[Result]:
    """The transcripts of named jobs; raises UnknownJob."""
    existing = set(session.scalars(select(Job.id).where(Job.id.in_(job_ids))))
    for job_id in job_ids:
        if job_id not in existing:
            raise UnknownJob(f"There is no job {job_id!r}.")
    rows = _read(session, page.rows_of(_OF_JOBS.where(Job.id.in_(job_ids)), Job.id))
    return _page(session, services, rows, page, "job")


def campaign_results(session: Session, services: Services, name: str, page: PageRequest) -> Page[Result]:
    """A campaign's own versions, promoted or not, newest recording first; raises UnknownCampaign."""
    campaign_id = get_campaign(session, name).id
    chosen = (
        _COLUMNS.select_from(Member)
        .join(Recording, Recording.id == Member.recording_id)
        .outerjoin(Job, Job.id == Member.job_id)
        .outerjoin(Transcript, _TRANSCRIPT_OF_JOB)
        .where(Member.campaign_id == campaign_id)
    )
    rows = _read(session, page.rows_of(chosen, Member.recording_id))
    return _page(session, services, rows, page, "recording")


def _read(session: Session, statement: Rows) -> list[_Row]:
    return [_Row(*row) for row in session.execute(statement)]


def _with_latest_jobs(session: Session, rows: Sequence[_Row]) -> list[_Row]:
    """Recordings without a transcript are shown with the latest job that was to make one."""
    without = [row.recording.id for row in rows if row.transcript is None]
    latest = select(func.max(Job.id)).where(Job.recording_id.in_(without)).group_by(Job.recording_id)
    jobs = {job.recording_id: job for job in session.scalars(select(Job).where(Job.id.in_(latest)))} if without else {}
    return [row if row.transcript else _Row(row.recording, None, jobs.get(row.recording.id)) for row in rows]


def _page(session: Session, services: Services, rows: Sequence[_Row], page: PageRequest, key: str) -> Page[Result]:
    unfinished = [row.job.id for row in rows if row.job and row.transcript is None]
    counted = segment_sums(session, unfinished) if unfinished else {}
    costs = _Costs(session, services)
    return make_page(Results, [_result(row, counted, costs) for row in rows], page, key=key)


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


def _result(row: _Row, counted: dict[str, SegmentSums], costs: _Costs) -> Result:
    recording, made = row.recording, _making(row, counted)
    return Result(
        recording=recording.id,
        external_id=recording.external_id,
        source=recording.source,
        archive=recording.archive,
        labels=recording.labels,
        recorded_at=moment(recording.recorded_ms),
        created_at=moment(recording.created_ms),
        duration_ms=recording.duration_ms,
        job=row.job.id if row.job else None,
        transcript=row.transcript.id if row.transcript else None,
        status=made.status,
        service=made.service,
        model=made.model,
        language=made.language,
        sent_ms=made.sent_ms,
        error=made.error,
        cost_usd=costs.usd(row.job, made.sent_ms),
    )


@dataclass(frozen=True, kw_only=True)
class _Making:
    """How a transcript was made, or was to be."""

    status: str
    service: str | None = None
    model: str | None = None
    language: str | None
    sent_ms: int = 0
    error: ResultError | None = None


def _making(row: _Row, counted: dict[str, SegmentSums]) -> _Making:
    """What is known of it: by the transcript, else by the job, else nothing."""
    if row.transcript is not None:
        return _made(row.transcript)
    if row.job is None:
        return _Making(status=MISSING, language=row.recording.language)
    job, error = row.job, row.job.error
    return _Making(
        status=job.status,
        service=job.service,
        model=job.spec["model"],
        language=job.spec.get("language") or row.recording.language,
        sent_ms=counted.get(job.id, SegmentSums()).sent_ms + job.sent_outside_ms,
        error=ResultError(code=error.get("code"), message=error.get("message")) if error else None,
    )


def _made(by: Transcript) -> _Making:
    return _Making(
        status=JobState.SUCCEEDED.value,
        service=by.service,
        model=by.model,
        language=by.language,
        sent_ms=by.sent_ms,
    )
