"""Budgets: what may be spent in the whole deployment, an archive or a campaign, a day or in all.

A budget without limits is one that was removed: its row stays until the dispatcher has told the jobs that wait for it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from worker.database import change, clock, now_ms, upsert
from worker.errors import InvalidRequest, UnknownBudget
from worker.ids import new_id
from worker.models import Budget, BudgetPeriod, ClaimReservation

DAY_MS = 24 * 3600 * 1000
OVER = 0  # of ``spent_until_ms``: a moment that has passed, so the dispatcher lets go on what waits
WARN_SHARE = 0.8


class Scope(StrEnum):
    """Whose jobs count: all, an archive's, or a campaign's."""

    DEPLOYMENT = "deployment"
    ARCHIVE = "archive"
    CAMPAIGN = "campaign"


class Level(StrEnum):
    """How far a budget is: a warning from four fifths on, spent where its jobs wait."""

    OPEN = "open"
    WARNING = "warning"
    SPENT = "spent"


class Period(StrEnum):
    """A day in UTC, or all the time that the budget stands."""

    DAY = "day"
    ALL = "all"


PERIOD_WORDS = {Period.DAY: "for a day", Period.ALL: "in all"}
IN_FORCE = or_(Budget.limit_nusd.is_not(None), Budget.limit_ms.is_not(None))
_SUMS = ("spent_nusd", "spent_ms", "reserved_nusd", "reserved_ms")


@dataclass(frozen=True, kw_only=True)
class CachedBudget:
    """What workers keep in memory of a budget; its limits and what is gone of it are looked at in rows, each time."""

    id: str
    scope: str
    name: str
    period: str
    in_money: bool


@dataclass(frozen=True, kw_only=True)
class BudgetState:
    """A budget and what is gone of it in its present period. A limit is None where there is none of the kind."""

    scope: Scope
    name: str  # the archive's name or the campaign's id; empty for the deployment
    period: Period
    limit_nusd: int | None
    limit_ms: int | None
    spent_nusd: int
    spent_ms: int
    reserved_nusd: int
    reserved_ms: int
    spent_until_ms: int | None  # until then its jobs wait; None where something is left
    created_ms: int

    @property
    def spent_share(self) -> float:
        """Of the limit that is nearer."""
        return share(self.spent_nusd, self.limit_nusd, self.spent_ms, self.limit_ms)

    @property
    def level(self) -> Level:
        if self.spent_until_ms is not None:
            return Level.SPENT
        return Level.WARNING if self.spent_share >= WARN_SHARE else Level.OPEN


def share(spent_nusd: int, limit_nusd: int | None, spent_ms: int, limit_ms: int | None) -> float:
    """How much is gone, of the limit that is nearer; a limit of nothing is gone from the start."""
    pairs = ((spent_nusd, limit_nusd), (spent_ms, limit_ms))
    return max((spent / limit if limit else 1.0 for spent, limit in pairs if limit is not None), default=0.0)


def set_budget(
    session: Session,
    scope: Scope,
    name: str,
    period: Period,
    *,
    limit_nusd: int | None = None,
    limit_ms: int | None = None,
) -> None:
    """Set a budget or change its limits: what was spent in its period stays. In force within two seconds.

    Jobs that waited for it go on within a second where the dispatcher runs. Raises InvalidRequest without a limit.
    """
    if limit_nusd is None and limit_ms is None:
        raise InvalidRequest("A budget needs a limit: money, audio or both.")
    if min(limit_nusd or 0, limit_ms or 0) < 0:
        raise InvalidRequest("A budget's limit must not be negative.")
    limits = {"limit_nusd": limit_nusd, "limit_ms": limit_ms, "spent_until_ms": OVER}
    key = {"scope": scope, "name": name, "period": period}
    adding = upsert(session, Budget).values(id=new_id(), created_ms=now_ms(), **key, **limits)
    session.execute(adding.on_conflict_do_update(index_elements=list(key), set_=limits))


def remove_budget(session: Session, scope: Scope, name: str, period: Period) -> None:
    """Lift a budget and forget what was spent of it; raises UnknownBudget."""
    lifted = {"limit_nusd": None, "limit_ms": None, "spent_until_ms": OVER}
    own = (Budget.scope == scope, Budget.name == name, Budget.period == period)
    budget_id = session.scalar(change(Budget).where(*own, IN_FORCE).values(lifted).returning(Budget.id))
    if budget_id is None:
        raise UnknownBudget(f"There is no budget for {described(scope, name)}, {PERIOD_WORDS[period]}.")
    for kind in (ClaimReservation, BudgetPeriod):  # the order of the locks: see `worker.spending.ledger`
        session.execute(delete(kind).where(kind.budget_id == budget_id))


def budgets_of(session: Session, scope: Scope | None = None, name: str | None = None) -> list[BudgetState]:
    """The budgets that are in force (of a scope, of a name), with what is gone of them now."""
    now = clock(session)
    chosen = [] if scope is None else [Budget.scope == scope]
    chosen += [] if name is None else [Budget.name == name]
    return [
        _state(row, now) for row in session.execute(_with_period(now // DAY_MS).where(IN_FORCE, *chosen)).mappings()
    ]


def described(scope: str, name: str) -> str:
    """Whose budget it is, for people."""
    return "the whole deployment" if scope == Scope.DEPLOYMENT else f"the {scope} {name!r}"


def is_of_budget(job: Any, budget: Any) -> Any:  # noqa: ANN401  # objects give a bool, a table a condition in SQL
    """Whether the job is one of those that the budget is for; each of them an object with its columns, or the table."""
    archive = (job.archive == budget.name) & (budget.scope == Scope.ARCHIVE)
    campaign = (job.campaign_id == budget.name) & (budget.scope == Scope.CAMPAIGN)
    return archive | campaign | (budget.scope == Scope.DEPLOYMENT)


def day_of(period: str, now: int) -> int:
    """The number of the period that ``now`` lies in."""
    return now // DAY_MS if period == Period.DAY else 0


def _with_period(today: int) -> Select[Any]:
    is_now = or_(
        and_(Budget.period == Period.DAY, BudgetPeriod.day == today),
        and_(Budget.period == Period.ALL, BudgetPeriod.day == 0),
    )
    sums = [func.coalesce(getattr(BudgetPeriod, name), 0).label(name) for name in _SUMS]
    fields = [getattr(Budget, name) for name in ("scope", "name", "period", "limit_nusd", "limit_ms")]
    query = select(*fields, Budget.spent_until_ms, Budget.created_ms, *sums)
    joined = query.outerjoin(BudgetPeriod, and_(BudgetPeriod.budget_id == Budget.id, is_now))
    return joined.order_by(Budget.scope.desc(), Budget.name, Budget.period)


def _state(row: Any, now: int) -> BudgetState:  # noqa: ANN401  # a row's mapping
    until = row["spent_until_ms"]
    return BudgetState(
        **{name: row[name] for name in ("name", "limit_nusd", "limit_ms", "created_ms", *_SUMS)},
        scope=Scope(row["scope"]),
        period=Period(row["period"]),
        spent_until_ms=until if until and until > now else None,
    )
