"""Budgets, and what was sent, reused and skipped, by month, archive, campaign, service and model, with its cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from worker.budgets import BudgetState, Period, Scope, budgets_of
from worker.errors import InvalidRequest
from worker.ids import first_id
from worker.models import Campaign, Job
from worker.results.totals import JobTotals, job_totals
from worker.services.lookup import Services
from worker.services.prices import usd
from worker.shapes.base import Page, moment
from worker.shapes.spending import Budget, Budgets, Estimate, Usage, UsagePage
from worker.spending.costs import cost_nusd
from worker.spending.estimates import EstimateRequest, estimate_for
from worker.spending.ledger import FOREVER_MS
from worker.spending.scopes import campaign_id

MOST_MONTHS = 120
MODEL = Job.spec["model"].as_string()


def list_budgets(session: Session, scope: Scope | None = None, name: str | None = None) -> Page[Budget]:
    """All of them; there are few."""
    return Budgets(items=[_budget(row) for row in budgets_of(session, scope, name)], next=None)


def read_budget(session: Session, scope: Scope, name: str, period: Period) -> Budget:
    """One that there is."""
    return next(_budget(row) for row in budgets_of(session, scope, name) if row.period is period)


def read_estimate(session: Session, services: Services, request: EstimateRequest) -> Estimate:
    """Raises UnknownService, ServiceNotAllowed."""
    service, model, made = estimate_for(session, services, request)
    return Estimate(service=service.name, model=model, **vars(made))


def read_usage(
    session: Session,
    services: Services,
    since: str,
    until: str,
    *,
    archive: str | None = None,
    campaign: str | None = None,
) -> Page[Usage]:
    """The months from ``since`` to ``until``, both ``YYYY-MM`` and included, UTC; a job counts when it was submitted.

    ``campaign`` is an id or a name. Raises InvalidRequest where they are no months, or too many, and UnknownCampaign.
    """
    chosen = [Job.archive == archive] if archive is not None else []
    chosen += [Job.campaign_id == campaign_id(session, campaign)] if campaign is not None else []
    items = [
        _usage(session, services, month, group)
        for month, beginning, end in _months(since, until)
        for group in _of_month(session, beginning, end, *chosen)
    ]
    return UsagePage(items=items, next=None)


@dataclass(frozen=True, kw_only=True)
class JobGroup:
    """The totals of one month's jobs that are alike, and which jobs these are."""

    archive: str
    campaign: str | None
    service: str
    model: str
    totals: JobTotals
    chosen: tuple[ColumnElement[bool], ...]


def _of_month(session: Session, beginning: datetime, end: datetime, *chosen: ColumnElement[bool]) -> Iterator[JobGroup]:
    """Ids begin with the time: a month is a stretch of the primary key."""
    within = (Job.id >= first_id(beginning), Job.id < first_id(end), *chosen)
    groups = job_totals(session, *within, by=(Job.archive, Job.campaign_id, Job.service, MODEL))
    for key in sorted(groups, key=lambda key: tuple(part or "" for part in key)):
        archive, campaign, service, model = key
        alike = (Job.archive == archive, Job.campaign_id.is_not_distinct_from(campaign), Job.service == service)
        yield JobGroup(
            archive=archive,
            campaign=campaign,
            service=service,
            model=model,
            totals=groups[key],
            chosen=(*within, *alike, model == MODEL),
        )


def _usage(session: Session, services: Services, month: str, group: JobGroup) -> Usage:
    price = services.price_of(group.service, group.model)
    name = select(Campaign.name).where(Campaign.id == group.campaign)
    sums = group.totals
    return Usage(
        month=month,
        archive=group.archive,
        campaign=group.campaign,
        campaign_name=session.scalar(name) if group.campaign is not None else None,
        service=group.service,
        model=group.model,
        jobs=sums.jobs,
        audio_ms=sums.audio_ms,
        needed_ms=sums.needed_ms,
        sent_ms=sums.sent_ms,
        reused_ms=sums.reused_ms,
        skipped_ms=sums.skipped_ms,
        gaps=sums.gaps,
        cost_usd=None if price is None else usd(cost_nusd(session, price, sums.sent_ms, *group.chosen)),
    )


def _budget(row: BudgetState) -> Budget:
    until = row.spent_until_ms
    return Budget(
        scope=row.scope,
        archive=row.name if row.scope is Scope.ARCHIVE else None,
        campaign=row.name if row.scope is Scope.CAMPAIGN else None,
        **budget_amounts(row),
        used=round(row.spent_share, 4),
        level=row.level,
        waits_until=moment(until) if until is not None and until < FOREVER_MS else None,
        created_at=moment(row.created_ms),
    )


def budget_amounts(row: BudgetState) -> dict[str, Any]:
    """Its limits, and what is spent and reserved of them: the fields that every shape of a budget has."""
    return {
        "period": row.period,
        "limit_usd": None if row.limit_nusd is None else usd(row.limit_nusd),
        "limit_ms": row.limit_ms,
        "spent_usd": usd(row.spent_nusd),
        "spent_ms": row.spent_ms,
        "reserved_usd": usd(row.reserved_nusd),
        "reserved_ms": row.reserved_ms,
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
