"""What transcribing would send, cost and take: from lengths alone, before anything is sent."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker.archive_rules import rules_of
from worker.models import Job, Segment
from worker.results.totals import SPAN, STREAMED
from worker.services.catalogue import Service
from worker.services.lookup import Services
from worker.services.prices import Price, usd
from worker.states import JobState

LATEST_JOBS = 1000  # those that the share of speech is taken from
EARLIER_JOBS = "earlier jobs"
SAMPLE = "a sample of the files"
WHOLE = "counted whole"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """``to_send_ms`` is over all channels; ``cost_usd`` is None without a known price, ``time_s`` without a pace."""

    recordings: int
    audio_ms: int
    to_send_ms: int
    send_ratio: float
    ratio_from: str  # earlier jobs, a sample of the files, or counted whole
    cost_usd: float | None
    time_s: float | None


def estimate(
    *,
    recordings: int,
    audio_ms: int,
    send_ratio: float,
    ratio_from: str,
    service: Service,
    price: Price | None,
) -> Estimate:
    """Of so many recordings and so much audio, of which ``send_ratio`` is sent; pure.

    The ratio is what is sent for each ms of a recording's length: silence lowers it, channels raise it.
    """
    to_send_ms = round(audio_ms * send_ratio)
    return Estimate(
        recordings=recordings,
        audio_ms=audio_ms,
        to_send_ms=to_send_ms,
        send_ratio=send_ratio,
        ratio_from=ratio_from,
        cost_usd=None if price is None else usd(price.cost_nusd(to_send_ms)),
        time_s=_time_s(to_send_ms, service),
    )


def _time_s(to_send_ms: int, service: Service) -> float | None:
    """With every permit busy at the service's pace; without a pace nobody knows."""
    if not service.pace:
        return None
    return to_send_ms / 1000 / (service.pace * service.permits)


@dataclass(frozen=True, kw_only=True)
class EstimateRequest:
    """Recordings that might be submitted; ``sampled`` is a share of them that was measured where they are."""

    recordings: int
    audio_ms: int
    archive: str
    service: str | None = None
    model: str | None = None
    streamed: bool = False  # the service cuts: it hears silence too
    sampled: float | None = None


def estimate_for(session: Session, services: Services, request: EstimateRequest) -> tuple[Service, str, Estimate]:
    """With the service and model that these recordings would go to. Raises UnknownService, ServiceNotAllowed."""
    rules = rules_of(session, request.archive)
    service = services.find(request.service or rules.service)
    rules.check(service.name)
    model = request.model or service.model
    ratio, ratio_from = send_ratio(session, request.archive, lambda: request.sampled, SAMPLE, streamed=request.streamed)
    made = estimate(
        recordings=request.recordings,
        audio_ms=request.audio_ms,
        send_ratio=ratio,
        ratio_from=ratio_from,
        service=service,
        price=services.price(service, model),
    )
    return service, model, made


def send_ratio(
    session: Session,
    archive: str | None,
    measure: Callable[[], float | None],
    measured_from: str,
    *,
    streamed: bool,
) -> tuple[float, str]:
    """What is sent for each ms of a recording, and where that is from.

    The archive's own jobs know best, then what ``measure`` says of the recordings themselves, then all jobs that there
    were; where none does everything is counted. ``measure`` is called only where the archive's jobs say nothing.
    """
    if streamed:
        return 1.0, WHOLE
    if (ratio := send_ratio_of_jobs(session, archive)) is not None:
        return ratio, EARLIER_JOBS
    if (measured := measure()) is not None:
        return measured, measured_from
    ratio = send_ratio_of_jobs(session, None)
    return (ratio, EARLIER_JOBS) if ratio is not None else (1.0, WHOLE)


def send_ratio_of_jobs(session: Session, archive: str | None) -> float | None:
    """What the latest succeeded jobs (of the archive, or of all) had to hear for each ms of their recordings.

    Answers that were reused count as if they had been sent. Jobs that the service cut say nothing of it, since it hears
    silence too. None where there is no other.
    """
    latest = select(Job.id, Job.audio_ms).where(Job.status == JobState.SUCCEEDED, Job.audio_ms > 0, ~STREAMED)
    if archive is not None:
        latest = latest.where(Job.archive == archive)
    chosen = latest.order_by(Job.id.desc()).limit(LATEST_JOBS).cte("latest")
    heard = select(func.coalesce(func.sum(SPAN), 0)).join(chosen, chosen.c.id == Segment.job_id)
    audio_ms, heard_ms = session.execute(select(func.sum(chosen.c.audio_ms), heard.scalar_subquery())).one()
    return None if not audio_ms else int(heard_ms) / int(audio_ms)
