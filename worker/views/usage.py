"""What was sent, reused and skipped, by month, archive, campaign, service and model, with what it cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from worker.errors import InvalidRequest
from worker.ids import first_id
from worker.models import Campaign, Job
from worker.results.totals import Totals, totals
from worker.services.lookup import Services
from worker.services.prices import usd
from worker.spending.costs import cost_nusd
from worker.spending.scopes import campaign_id

View = dict[str, Any]
MOST_MONTHS = 120
MODEL = Job.spec["model"].as_string()
SUMS = ("jobs", "audio_ms", "needed_ms", "sent_ms", "reused_ms", "skipped_ms", "gaps")


def read_usage(
    session: Session,
    services: Services,
    since: str,
    until: str,
    *,
    archive: str | None = None,
    campaign: str | None = None,
) -> list[View]:
    """The months from ``since`` to ``until``, both ``YYYY-MM`` and included, UTC; a job counts when it was submitted.

    ``campaign`` is an id or a name. Raises InvalidRequest where they are no months, or too many, and UnknownCampaign.
    """
    chosen = [Job.archive == archive] if archive is not None else []
    chosen += [Job.campaign_id == campaign_id(session, campaign)] if campaign is not None else []
    return [
        _view(session, services, month, found)
        for month, beginning, end in _months(since, until)
        for found in _of_month(session, beginning, end, *chosen)
    ]


@dataclass(frozen=True, kw_only=True)
class Used:
    """The totals of one month's jobs that are alike, and which jobs these are."""

    archive: str
    campaign: str | None
    service: str
    model: str
    totals: Totals
    chosen: tuple[ColumnElement[bool], ...]


def _of_month(session: Session, beginning: datetime, end: datetime, *chosen: ColumnElement[bool]) -> Iterator[Used]:
    """Ids begin with the time: a month is a stretch of the primary key."""
    within = (Job.id >= first_id(beginning), Job.id < first_id(end), *chosen)
    found = totals(session, *within, by=(Job.archive, Job.campaign_id, Job.service, MODEL))
    for key in sorted(found, key=lambda key: tuple(part or "" for part in key)):
        archive, campaign, service, model = key
        own = (Job.archive == archive, Job.campaign_id.is_not_distinct_from(campaign), Job.service == service)
        its = {"archive": archive, "campaign": campaign, "service": service, "model": model}
        yield Used(**its, totals=found[key], chosen=(*within, *own, model == MODEL))


def _view(session: Session, services: Services, month: str, used: Used) -> View:
    price = services.price_of(used.service, used.model)
    name = select(Campaign.name).where(Campaign.id == used.campaign)
    return {
        "month": month,
        "archive": used.archive,
        "campaign": used.campaign,
        "campaign_name": session.scalar(name) if used.campaign is not None else None,
        "service": used.service,
        "model": used.model,
        **{name: getattr(used.totals, name) for name in SUMS},
        "cost_usd": None if price is None else usd(cost_nusd(session, price, used.totals.sent_ms, *used.chosen)),
    }


def _months(since: str, until: str) -> Iterator[tuple[str, datetime, datetime]]:
    first, last = _number("since", since), _number("until", until)
    if last - first >= MOST_MONTHS:
        raise InvalidRequest(f"There are {MOST_MONTHS} months in an answer at most.")
    for number in range(first, last + 1):
        beginning = _beginning(number)
        yield f"{beginning:%Y-%m}", beginning, _beginning(number + 1)


def _number(name: str, month: str) -> int:
    try:
        read = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidRequest(f"{name} must be a month such as 2026-11; got {month[:20]!r}.") from error
    if not 1970 <= read.year < 9999:
        raise InvalidRequest(f"{name}: no job is from {month}.")
    return read.year * 12 + read.month - 1


def _beginning(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
