"""What is reserved and spent, in rows: budgets' windows, and beside them what each claim on a job holds of them.

A window takes a reservation by one guarded UPDATE, so spent and reserved together never pass the limit, however many
workers ask at once. What a claim's row does not have any more cannot be settled: so a worker that was presumed dead
settles nothing that the sweep has settled for it.

The order of the locks is the same everywhere: the job, claims' rows, windows, and these by budget and day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from worker.budgets import DAY_MS, PERIOD_WORDS, WARN_SHARE, Period, described, share
from worker.database import change, upsert
from worker.models import Budget, BudgetWindow, Reservation

log = structlog.get_logger(__name__)

FOREVER_MS = 253_370_764_800_000  # the year 9999: a budget for all time has no next day


@dataclass(frozen=True, order=True)
class Window:
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


def reserve(session: Session, job_id: str, fence: int, windows: Iterable[Window], need: Amount) -> Window | None:
    """Reserve in all windows; the first that has no room for it, and then the caller has to roll back."""
    places = sorted(windows)
    for place in places:
        _note(session, job_id, fence, place, need)
    return next((place for place in places if not _take(session, place, need)), None)


def settle(session: Session, job_id: str, fence: int, settled: Mapping[Window, Settlement]) -> None:
    """Turn what the claim had reserved into what it has spent; nothing where the claim does not have it any more."""
    held = [place for place in sorted(settled) if _give_up(session, job_id, fence, place, settled[place].released)]
    for place in held:
        _spend(session, place, settled[place])


def has_room_later(session: Session, place: Window, need: Amount) -> bool:
    """Whether there would be room if nothing that is on its way were spent in the end; so too where it was removed."""
    spent = select(_is_spent(need)).where(Budget.id == place.budget_id)
    return not session.scalar(spent, {"day": place.day})


def mark_spent(session: Session, place: Window, need: Amount) -> bool:
    """Let claims pass over the budget's jobs until its next window; whether this is news.

    Looked at once more in the same statement: somebody may have raised it in this moment.
    """
    until = case((Budget.period == Period.DAY, (place.day + 1) * DAY_MS), else_=FOREVER_MS)
    is_news = func.coalesce(Budget.spent_until_ms, 0) < until
    guarded = change(Budget).where(Budget.id == place.budget_id, is_news, _is_spent(need))
    marked = session.execute(guarded.values(spent_until_ms=until).returning(Budget.id), {"day": place.day})
    return marked.first() is not None


def refusal(session: Session, place: Window, need: Amount) -> str:
    """Why the window has no room, for people: it names the budget."""
    row = session.execute(_with_limits(place)).one_or_none()
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


def _with_limits(place: Window) -> Select[*tuple[Any, ...]]:
    here = and_(BudgetWindow.budget_id == Budget.id, BudgetWindow.day == place.day)
    limits = [Budget.scope, Budget.name, Budget.period, Budget.limit_nusd, Budget.limit_ms]
    spent = [func.coalesce(getattr(BudgetWindow, name), 0).label(name) for name in ("spent_nusd", "spent_ms")]
    return select(*limits, *spent).outerjoin(BudgetWindow, here).where(Budget.id == place.budget_id)


# ---- the rows


def _note(session: Session, job_id: str, fence: int, place: Window, need: Amount) -> None:
    key = {"budget_id": place.budget_id, "day": place.day, "job_id": job_id, "fence": fence}
    adding = upsert(session, Reservation).values(**key, reserved_nusd=need.nusd, reserved_ms=need.ms)
    more = {
        "reserved_nusd": Reservation.reserved_nusd + adding.excluded.reserved_nusd,
        "reserved_ms": Reservation.reserved_ms + adding.excluded.reserved_ms,
    }
    session.execute(adding.on_conflict_do_update(index_elements=list(key), set_=more))


def _take(session: Session, place: Window, need: Amount) -> bool:
    values = {"budget": place.budget_id, "its_day": place.day, "nusd": need.nusd, "ms": need.ms}
    if session.execute(_TAKING, values).first() is not None:
        return True
    none_yet = insert_window(session, place)
    return none_yet and session.execute(_TAKING, values).first() is not None


def insert_window(session: Session, place: Window) -> bool:
    """Begin a window with nothing in it; False where it is there."""
    empty = {"reserved_nusd": 0, "reserved_ms": 0, "spent_nusd": 0, "spent_ms": 0}
    adding = upsert(session, BudgetWindow).values(budget_id=place.budget_id, day=place.day, **empty)
    added = adding.on_conflict_do_nothing(index_elements=["budget_id", "day"]).returning(BudgetWindow.day)
    return session.execute(added).first() is not None


def _limit(column: Any) -> ColumnElement[Any]:  # noqa: ANN401  # an attribute of Budget
    return select(column).where(Budget.id == BudgetWindow.budget_id).correlate(BudgetWindow).scalar_subquery()


def _fits(kind: str) -> ColumnElement[bool]:
    taken = getattr(BudgetWindow, f"spent_{kind}") + getattr(BudgetWindow, f"reserved_{kind}") + bindparam(kind)
    limit = _limit(getattr(Budget, f"limit_{kind}"))
    return or_(limit.is_(None), taken <= limit)


_HERE = and_(BudgetWindow.budget_id == bindparam("budget"), BudgetWindow.day == bindparam("its_day"))
_TAKING = (
    change(BudgetWindow)
    .where(_HERE, _fits("nusd"), _fits("ms"))
    .values(
        reserved_nusd=BudgetWindow.reserved_nusd + bindparam("nusd"),
        reserved_ms=BudgetWindow.reserved_ms + bindparam("ms"),
    )
    .returning(BudgetWindow.day)
)


def _give_up(session: Session, job_id: str, fence: int, place: Window, released: Amount) -> bool:
    """Whether the claim still had so much: else somebody has settled it."""
    its = {"budget": place.budget_id, "its_day": place.day, "its_job": job_id, "its_fence": fence}
    return session.execute(_GIVING_UP, {**its, "nusd": released.nusd, "ms": released.ms}).first() is not None


def _spend(session: Session, place: Window, settled: Settlement) -> None:
    released, spent = settled.released, settled.spent
    amounts = {"nusd": released.nusd, "ms": released.ms, "more_nusd": spent.nusd, "more_ms": spent.ms}
    now = session.execute(_SPENDING, {"budget": place.budget_id, "its_day": place.day, **amounts}).first()
    if now is not None and (spent.nusd or spent.ms):
        _warn_at_crossing(session, place, now, spent)


def _warn_at_crossing(session: Session, place: Window, now: Any, spent: Amount) -> None:  # noqa: ANN401  # a row
    """Once a window: exactly one of its settlements has the share below before it and not after it."""
    before = share(now.spent_nusd - spent.nusd, now.limit_nusd, now.spent_ms - spent.ms, now.limit_ms)
    after = share(now.spent_nusd, now.limit_nusd, now.spent_ms, now.limit_ms)
    if before < WARN_SHARE <= after:
        row = session.execute(_with_limits(place)).one()
        fields = {"scope": row.scope, "name": row.name, "period": row.period}
        log.warning("a budget is nearly used up; at its end jobs wait", **fields, used=round(after, 3))


# Made once: to build them costs more than to run them.
_GIVING_UP = (
    change(Reservation)
    .where(
        Reservation.budget_id == bindparam("budget"),
        Reservation.day == bindparam("its_day"),
        Reservation.job_id == bindparam("its_job"),
        Reservation.fence == bindparam("its_fence"),
        Reservation.reserved_nusd >= bindparam("nusd"),
        Reservation.reserved_ms >= bindparam("ms"),
    )
    .values(
        reserved_nusd=Reservation.reserved_nusd - bindparam("nusd"),
        reserved_ms=Reservation.reserved_ms - bindparam("ms"),
    )
    .returning(Reservation.day)
)
_SPENDING = (
    change(BudgetWindow)
    .where(_HERE)
    .values(
        reserved_nusd=BudgetWindow.reserved_nusd - bindparam("nusd"),
        reserved_ms=BudgetWindow.reserved_ms - bindparam("ms"),
        spent_nusd=BudgetWindow.spent_nusd + bindparam("more_nusd"),
        spent_ms=BudgetWindow.spent_ms + bindparam("more_ms"),
    )
    .returning(
        BudgetWindow.spent_nusd,
        BudgetWindow.spent_ms,
        _limit(Budget.limit_nusd).label("limit_nusd"),
        _limit(Budget.limit_ms).label("limit_ms"),
    )
)


def _is_spent(need: Amount) -> ColumnElement[bool]:
    """Whether ``need`` is more than what is not spent, of the window ``day`` of a budget."""
    return or_(_exceeds("nusd", need.nusd), _exceeds("ms", need.ms))


def _exceeds(kind: str, need: int) -> ColumnElement[bool]:
    limit = getattr(Budget, f"limit_{kind}")
    own = and_(BudgetWindow.budget_id == Budget.id, BudgetWindow.day == bindparam("day"))
    spent = select(getattr(BudgetWindow, f"spent_{kind}")).where(own).correlate(Budget).scalar_subquery()
    return and_(limit.is_not(None), func.coalesce(spent, 0) + need > limit)
