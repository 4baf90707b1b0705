"""What is reserved and spent, in rows: budgets' periods, and beside them what each claim on a job holds of them.

A period takes a reservation by one guarded UPDATE, so spent and reserved together never pass the limit, however many
workers ask at once. What a claim's row does not have any more cannot be settled: so a worker that was presumed dead
settles nothing that the sweep has settled for it.

The order of the locks is the same everywhere: the job, claims' rows, periods, and these by budget and day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from worker.budgets import DAY_MS, PERIOD_WORDS, WARN_SHARE, Period, described, share
from worker.database import change, upsert
from worker.models import Budget, BudgetPeriod, ClaimReservation

log = structlog.get_logger(__name__)

FOREVER_MS = 253_370_764_800_000  # the year 9999: a budget for all time has no next day


@dataclass(frozen=True, order=True)
class PeriodKey:
    """A day of a budget, or all of it: day 0."""

    budget_id: str
    day: int


@dataclass(frozen=True)
class Amount:
    """Money and audio, always together: a budget limits one of them, or both."""

    nusd: int = 0
    ms: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.nusd + other.nusd, self.ms + other.ms)


@dataclass(frozen=True)
class Settlement:
    """What is not reserved any more, and what of it was spent."""

    released: Amount
    spent: Amount


def reserve(session: Session, job_id: str, fence: int, periods: Iterable[PeriodKey], need: Amount) -> PeriodKey | None:
    """Reserve in all periods; the first that has no room for it, and then the caller has to roll back."""
    ordered = sorted(periods)
    for key in ordered:
        _note(session, job_id, fence, key, need)
    return next((key for key in ordered if not _take(session, key, need)), None)


def settle(session: Session, job_id: str, fence: int, settled: Mapping[PeriodKey, Settlement]) -> None:
    """Turn what the claim had reserved into what it has spent; nothing where the claim does not have it any more."""
    held = [key for key in sorted(settled) if _give_up(session, job_id, fence, key, settled[key].released)]
    for key in held:
        _spend(session, key, settled[key])


def has_room_later(session: Session, key: PeriodKey, need: Amount) -> bool:
    """Whether there would be room if nothing that is on its way were spent in the end; so too where it was removed."""
    spent = select(_is_spent(need)).where(Budget.id == key.budget_id)
    return not session.scalar(spent, {"day": key.day})


def mark_spent(session: Session, key: PeriodKey, need: Amount) -> bool:
    """Let claims pass over the budget's jobs until its next period; whether this is news.

    Looked at once more in the same statement: somebody may have raised it in this moment.
    """
    until = case((Budget.period == Period.DAY, (key.day + 1) * DAY_MS), else_=FOREVER_MS)
    is_news = func.coalesce(Budget.spent_until_ms, 0) < until
    guarded = change(Budget).where(Budget.id == key.budget_id, is_news, _is_spent(need))
    marked = session.execute(guarded.values(spent_until_ms=until).returning(Budget.id), {"day": key.day})
    return marked.first() is not None


def refusal(session: Session, key: PeriodKey, need: Amount) -> str:
    """Why the period has no room, for people: it names the budget."""
    row = session.execute(_with_limits(key)).one_or_none()
    if row is None:
        return "The budget was removed in this moment."
    name = f"The budget of {described(row.scope, row.name)} {PERIOD_WORDS[Period(row.period)]}"
    rest = f"{_limits(row)}, is used up: {_money(row.spent_nusd)} and {_hours(row.spent_ms)} are spent"
    return f"{name}, {rest}, and the next piece of {need.ms / 1000:g} s does not fit."


def _limits(row: Any) -> str:  # noqa: ANN401  # a row
    limits = [_money(row.limit_nusd)] if row.limit_nusd is not None else []
    limits += [_hours(row.limit_ms)] if row.limit_ms is not None else []
    return " and ".join(limits)


def _money(nusd: int) -> str:
    return f"{nusd / 10**9:.6g} USD"


def _hours(ms: int) -> str:
    return f"{ms / 3_600_000:.4g} h"


def _with_limits(key: PeriodKey) -> Select[*tuple[Any, ...]]:
    here = and_(BudgetPeriod.budget_id == Budget.id, BudgetPeriod.day == key.day)
    limits = [Budget.scope, Budget.name, Budget.period, Budget.limit_nusd, Budget.limit_ms]
    spent = [func.coalesce(getattr(BudgetPeriod, name), 0).label(name) for name in ("spent_nusd", "spent_ms")]
    return select(*limits, *spent).outerjoin(BudgetPeriod, here).where(Budget.id == key.budget_id)


# ---- the rows


def _note(session: Session, job_id: str, fence: int, key: PeriodKey, need: Amount) -> None:
    own = {"budget_id": key.budget_id, "day": key.day, "job_id": job_id, "fence": fence}
    adding = upsert(session, ClaimReservation).values(**own, reserved_nusd=need.nusd, reserved_ms=need.ms)
    more = {
        "reserved_nusd": ClaimReservation.reserved_nusd + adding.excluded.reserved_nusd,
        "reserved_ms": ClaimReservation.reserved_ms + adding.excluded.reserved_ms,
    }
    session.execute(adding.on_conflict_do_update(index_elements=list(own), set_=more))


def _take(session: Session, key: PeriodKey, need: Amount) -> bool:
    values = {"budget": key.budget_id, "of_day": key.day, "nusd": need.nusd, "ms": need.ms}
    if session.execute(_TAKING, values).first() is not None:
        return True
    none_yet = insert_period(session, key)
    return none_yet and session.execute(_TAKING, values).first() is not None


def insert_period(session: Session, key: PeriodKey) -> bool:
    """Begin a period with nothing in it; False where it is there."""
    empty = {"reserved_nusd": 0, "reserved_ms": 0, "spent_nusd": 0, "spent_ms": 0}
    adding = upsert(session, BudgetPeriod).values(budget_id=key.budget_id, day=key.day, **empty)
    added = adding.on_conflict_do_nothing(index_elements=["budget_id", "day"]).returning(BudgetPeriod.day)
    return session.execute(added).first() is not None


def _limit(column: Any) -> ColumnElement[Any]:  # noqa: ANN401  # an attribute of Budget
    return select(column).where(Budget.id == BudgetPeriod.budget_id).correlate(BudgetPeriod).scalar_subquery()


def _fits(kind: str) -> ColumnElement[bool]:
    taken = getattr(BudgetPeriod, f"spent_{kind}") + getattr(BudgetPeriod, f"reserved_{kind}") + bindparam(kind)
    limit = _limit(getattr(Budget, f"limit_{kind}"))
    return or_(limit.is_(None), taken <= limit)


_HERE = and_(BudgetPeriod.budget_id == bindparam("budget"), BudgetPeriod.day == bindparam("of_day"))
_TAKING = (
    change(BudgetPeriod)
    .where(_HERE, _fits("nusd"), _fits("ms"))
    .values(
        reserved_nusd=BudgetPeriod.reserved_nusd + bindparam("nusd"),
        reserved_ms=BudgetPeriod.reserved_ms + bindparam("ms"),
    )
    .returning(BudgetPeriod.day)
)


def _give_up(session: Session, job_id: str, fence: int, key: PeriodKey, released: Amount) -> bool:
    """Whether the claim still had so much: else somebody has settled it."""
    its = {"budget": key.budget_id, "of_day": key.day, "of_job": job_id, "of_fence": fence}
    return session.execute(_GIVING_UP, {**its, "nusd": released.nusd, "ms": released.ms}).first() is not None


def _spend(session: Session, key: PeriodKey, settled: Settlement) -> None:
    released, spent = settled.released, settled.spent
    amounts = {"nusd": released.nusd, "ms": released.ms, "more_nusd": spent.nusd, "more_ms": spent.ms}
    now = session.execute(_SPENDING, {"budget": key.budget_id, "of_day": key.day, **amounts}).first()
    if now is not None and (spent.nusd or spent.ms):
        _warn_at_crossing(session, key, now, spent)


def _warn_at_crossing(session: Session, key: PeriodKey, now: Any, spent: Amount) -> None:  # noqa: ANN401  # a row
    """Once a period: exactly one of its settlements has the share below before it and not after it."""
    before = share(now.spent_nusd - spent.nusd, now.limit_nusd, now.spent_ms - spent.ms, now.limit_ms)
    after = share(now.spent_nusd, now.limit_nusd, now.spent_ms, now.limit_ms)
    if before < WARN_SHARE <= after:
        row = session.execute(_with_limits(key)).one()
        fields = {"scope": row.scope, "name": row.name, "period": row.period}
        log.warning("a budget is nearly used up; at its end jobs wait", **fields, used=round(after, 3))


# Made once: to build them costs more than to run them.
_GIVING_UP = (
    change(ClaimReservation)
    .where(
        ClaimReservation.budget_id == bindparam("budget"),
        ClaimReservation.day == bindparam("of_day"),
        ClaimReservation.job_id == bindparam("of_job"),
        ClaimReservation.fence == bindparam("of_fence"),
        ClaimReservation.reserved_nusd >= bindparam("nusd"),
        ClaimReservation.reserved_ms >= bindparam("ms"),
    )
    .values(
        reserved_nusd=ClaimReservation.reserved_nusd - bindparam("nusd"),
        reserved_ms=ClaimReservation.reserved_ms - bindparam("ms"),
    )
    .returning(ClaimReservation.day)
)
_SPENDING = (
    change(BudgetPeriod)
    .where(_HERE)
    .values(
        reserved_nusd=BudgetPeriod.reserved_nusd - bindparam("nusd"),
        reserved_ms=BudgetPeriod.reserved_ms - bindparam("ms"),
        spent_nusd=BudgetPeriod.spent_nusd + bindparam("more_nusd"),
        spent_ms=BudgetPeriod.spent_ms + bindparam("more_ms"),
    )
    .returning(
        BudgetPeriod.spent_nusd,
        BudgetPeriod.spent_ms,
        _limit(Budget.limit_nusd).label("limit_nusd"),
        _limit(Budget.limit_ms).label("limit_ms"),
    )
)


def _is_spent(need: Amount) -> ColumnElement[bool]:
    """Whether ``need`` is more than what is not spent, of the period ``day`` of a budget."""
    return or_(_exceeds("nusd", need.nusd), _exceeds("ms", need.ms))


def _exceeds(kind: str, need: int) -> ColumnElement[bool]:
    limit = getattr(Budget, f"limit_{kind}")
    own = and_(BudgetPeriod.budget_id == Budget.id, BudgetPeriod.day == bindparam("day"))
    spent = select(getattr(BudgetPeriod, f"spent_{kind}")).where(own).correlate(Budget).scalar_subquery()
    return and_(limit.is_not(None), func.coalesce(spent, 0) + need > limit)
