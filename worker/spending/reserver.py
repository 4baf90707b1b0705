"""One process's way to the budgets: what an attempt may send is reserved here first, and settled as it was sent."""

import threading
import time
from collections.abc import Iterable, Sequence

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from worker.budgets import IN_FORCE, CachedBudget, day_of, is_of_budget
from worker.claims.claim import Claim
from worker.database import Database, clock
from worker.errors import BudgetExhausted, ConfigurationError, PriceUnknown
from worker.models import Budget, Job
from worker.queue.waiting import budget_is_spent, tell
from worker.services.catalogue import Service
from worker.services.lookup import Services
from worker.services.prices import Price
from worker.spending.ledger import Amount, PeriodKey, has_room_later, mark_spent, refusal, reserve, settle
from worker.spending.slices import ReportedUsage, SettledPart, Slice, by_period, priced, take_first

log = structlog.get_logger(__name__)

# How long a job that is at work may not notice a budget that was set: a segment costs no look at rows.
FRESH_S = 2.0
NO_PRICE = Price()
COME_AGAIN_S = 5.0  # what is on its way is settled within seconds


class Budgets:
    """The budgets as this process knows them; used by all its threads."""

    def __init__(self, database: Database, services: Services, *, fresh_s: float = FRESH_S) -> None:
        self.database = database
        self._fresh_s = fresh_s
        self._services = services
        self._in_force: Sequence[CachedBudget] = ()
        self._stale_at = float("-inf")
        self._prices: dict[tuple[str, str], Price | None] = {}
        self._lock = threading.Lock()

    def reserver(self, claim: Claim, service: Service) -> "Reserver":
        """For one attempt. Every budget that was set before it holds for it."""
        self.forget()
        return Reserver(self, claim, service)

    def budgets_for(self, claim: Claim) -> list[CachedBudget]:
        """Those that hold for the claim's job, two seconds old perhaps."""
        with self._lock:  # threads that ask at once cost one look
            if time.monotonic() >= self._stale_at:
                self._in_force = self._read()
                self._stale_at = time.monotonic() + self._fresh_s
            return [budget for budget in self._in_force if is_of_budget(claim, budget)]

    def forget(self) -> None:
        """Look anew the next time."""
        with self._lock:
            self._stale_at = float("-inf")

    def price(self, service: Service, model: str) -> Price | None:
        """As the price file says now; as it said before where it cannot be used now."""
        key = (service.name, model)
        try:
            self._prices[key] = self._services.price(service, model)
        except ConfigurationError as error:
            if key not in self._prices:
                raise
            log.warning("the price file cannot be used; the prices from before it hold", why=error.message)
        return self._prices[key]

    def exhausted(self, budget: CachedBudget, period: PeriodKey, need: Amount, why: str) -> BudgetExhausted:
        """Note that there is no room for ``need`` any more, and tell those that wait; the error for who asked."""
        with self.database.writing() as session:
            is_news = mark_spent(session, period, need)
            session.commit()
        if is_news:
            log.warning("a budget is used up; its jobs wait for its next day, or for more", why=why)
            tell(self.database, (is_of_budget(Job, budget), budget_is_spent(Job)), BudgetExhausted(why))
        return BudgetExhausted(f"{why} {BudgetExhausted.hint}")

    def _read(self) -> Sequence[CachedBudget]:
        columns = (Budget.id, Budget.scope, Budget.name, Budget.period, Budget.limit_nusd)
        with self.database.reading() as session:
            rows = session.execute(select(*columns).where(IN_FORCE)).all()
        return [
            CachedBudget(id=id_, scope=scope, name=name, period=period, in_money=limit_nusd is not None)
            for id_, scope, name, period, limit_nusd in rows
        ]


class Reserver:
    """What one attempt reserves and spends."""

    def __init__(self, budgets: Budgets, claim: Claim, service: Service) -> None:
        self.claim = claim
        self.database = budgets.database
        self._budgets = budgets
        self._service = service

    def reservation(self, step_ms: int) -> "Reservation":
        """Nothing yet, to be reserved in steps: for one segment, or for a stream."""
        return Reservation(self, step_ms)

    def is_limited(self) -> bool:
        """Whether any budget holds for the job, as far as this process knows."""
        return bool(self._budgets.budgets_for(self.claim))

    def reserve(self, wanted_ms: int, least_ms: int) -> Slice | None:
        """So much audio, or the least that helps; None where there is no room while other segments are on their way.

        Raises BudgetExhausted where there will be none, and PriceUnknown where a limit in money cannot be held.
        """
        budgets = self._budgets.budgets_for(self.claim)
        if not budgets:
            return Slice(price=NO_PRICE, ms=wanted_ms)
        try:
            for ms in dict.fromkeys((wanted_ms, least_ms)):
                if reserved := self._reserve(budgets, ms):
                    return reserved
        except IntegrityError:  # one of them was removed in this moment
            self._budgets.forget()
            return None
        self._give_up_where_spent(budgets, least_ms)
        return None

    def _reserve(self, budgets: Sequence[CachedBudget], ms: int) -> Slice | None:
        price = self._price(budgets)
        with self.database.writing() as session:
            periods = _periods(budgets, session)
            if reserve(session, self.claim.job_id, self.claim.fence, periods, Amount(price.cost_nusd(ms), ms)):
                return None  # what was reserved in others is rolled back
            session.commit()
        return Slice(price=price, ms=ms, periods=periods)

    def _give_up_where_spent(self, budgets: Sequence[CachedBudget], ms: int) -> None:
        """Raises BudgetExhausted where a budget would have no room even if nothing that is on its way were spent."""
        need = Amount(self._price(budgets).cost_nusd(ms), ms)
        with self.database.reading() as session:
            pairs = zip(budgets, _periods(budgets, session), strict=True)
            spent = next((pair for pair in pairs if not has_room_later(session, pair[1], need)), None)
            why = refusal(session, spent[1], need) if spent else ""
        if spent:
            raise self._budgets.exhausted(*spent, need, why)

    def _price(self, budgets: Sequence[CachedBudget]) -> Price:
        model = self.claim.spec.model
        price = self._budgets.price(self._service, model)
        if price is None and any(budget.in_money for budget in budgets):
            what = f"Money is limited, and {self._service.name!r} has no price for {model!r}."
            raise PriceUnknown(f"{what} {PriceUnknown.hint}")
        return price or NO_PRICE


class Reservation:
    """Reserved in steps, settled in the order of sending. For one thread at a time."""

    def __init__(self, reserver: "Reserver", step_ms: int) -> None:
        self._reserver = reserver
        self._step_ms = step_ms
        self._covered_ms = 0
        self._cover_ms = 0  # the most that `cover` was asked for
        self._slices: list[Slice] = []

    def try_cover(self, total_ms: int) -> bool:
        """Whether so much, all sendings together, is reserved now; False while others' segments leave no room.

        A step is reserved ahead, so that a stream need not ask for each frame. Raises BudgetExhausted, PriceUnknown.
        """
        missing_ms = total_ms - self._covered_ms
        if missing_ms <= 0:
            return True
        reserved = self._reserver.reserve(max(self._step_ms, missing_ms), missing_ms)
        if reserved is None:
            return False
        self._slices.append(reserved)
        self._covered_ms += reserved.ms
        return True

    def cover(self, total_ms: int) -> None:
        """The same before something is sent, where nobody can wait: raises BudgetExhausted in both cases."""
        if total_ms > self._cover_ms:
            self._cover_ms = total_ms
            self._forget_what_was_free()
        if not self.try_cover(total_ms):
            why = "What is left of the budget is reserved for segments that are on their way."
            raise BudgetExhausted(why, retry_after_s=COME_AGAIN_S)

    def settle(self, session: Session, sent_ms: int, usage: ReportedUsage | None = None, *, last: bool = True) -> None:
        """So much more was sent; the ``last`` time the rest is given back. Part of the caller's transaction."""
        parts = priced(take_first(self._slices, sent_ms), sent_ms, usage)
        if last:
            parts += [SettledPart(rest.periods, rest.take(rest.ms), Amount()) for rest in self._slices]
            self._slices = []
        if settled := by_period(parts):
            settle(session, self._reserver.claim.job_id, self._reserver.claim.fence, settled)

    def give_back(self) -> None:
        """Nothing more is sent: what is left is free again, in a transaction of its own."""
        if any(rest.periods for rest in self._slices):
            with self._reserver.database.writing() as session:
                self.settle(session, 0)
                session.commit()

    def _forget_what_was_free(self) -> None:
        """What was let pass while nothing limited it, and waited its turn until there is a budget, must be reserved."""
        free_ms = sum(free.ms for free in self._slices if not free.periods)
        if free_ms and self._reserver.is_limited():
            self._slices = [limited for limited in self._slices if limited.periods]
            self._covered_ms -= free_ms


def _periods(budgets: Iterable[CachedBudget], session: Session) -> tuple[PeriodKey, ...]:
    now = clock(session)
    return tuple(PeriodKey(budget.id, day_of(budget.period, now)) for budget in budgets)
