"""One process's way to the budgets: what an attempt may send is reserved here first."""

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
from worker.services.prices import Price, find_price
from worker.settings import Settings
from worker.spending.ledger import Amount, Window, has_room_later, mark_spent, refusal, reserve
from worker.spending.slices import Held, Piece

log = structlog.get_logger(__name__)

# How long a job that is at work may not notice a budget that was set: a segment costs no look at rows.
KNOWN_S = 2.0
NO_PRICE = Price()


class Guard:
    """The budgets as this process knows them; used by all its threads."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self._settings = settings
        self._known: Sequence[CachedBudget] = ()
        self._known_until = float("-inf")
        self._prices: dict[tuple[str, str], Price | None] = {}
        self._lock = threading.Lock()

    def purse(self, claim: Claim, service: Service) -> "Purse":
        """For one attempt. Every budget that was set before it holds for it."""
        self.forget()
        return Purse(self, claim, service)

    def budgets_for(self, claim: Claim) -> list[CachedBudget]:
        """Those that hold for the claim's job, two seconds old perhaps."""
        with self._lock:  # threads that ask at once cost one look
            if time.monotonic() >= self._known_until:
                self._known = self._read()
                self._known_until = time.monotonic() + KNOWN_S
            return [budget for budget in self._known if is_of_budget(claim, budget)]

    def forget(self) -> None:
        """Look anew the next time."""
        with self._lock:
            self._known_until = float("-inf")

    def price(self, service: Service, model: str) -> Price | None:
        """As the price file says now; as it said before where it cannot be used now."""
        key = (service.name, model)
        try:
            self._prices[key] = find_price(self._settings, service, model)
        except ConfigurationError as error:
            if key not in self._prices:
                raise
            log.warning("the price file cannot be used; the prices from before it hold", why=error.message)
        return self._prices[key]

    def exhausted(self, budget: CachedBudget, window: Window, need: Amount, why: str) -> BudgetExhausted:
        """Note that there is no room for ``need`` any more, and tell those that wait; the error for who asked."""
        with self.database.writing() as session:
            is_news = mark_spent(session, window, need)
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


class Purse:
    """What one attempt reserves and spends."""

    def __init__(self, guard: Guard, claim: Claim, service: Service) -> None:
        self.claim = claim
        self.database = guard.database
        self._guard = guard
        self._service = service

    def hold(self, step_ms: int) -> Held:
        """Nothing yet, to be reserved in steps: for one segment, or for a stream."""
        return Held(self, step_ms)

    def is_limited(self) -> bool:
        """Whether any budget holds for the job, as far as this process knows."""
        return bool(self._guard.budgets_for(self.claim))

    def reserve(self, wanted_ms: int, least_ms: int) -> Piece | None:
        """So much audio, or the least that helps; None where there is no room while other segments are on their way.

        Raises BudgetExhausted where there will be none, and PriceUnknown where a limit in money cannot be held.
        """
        budgets = self._guard.budgets_for(self.claim)
        if not budgets:
            return Piece(price=NO_PRICE, ms=wanted_ms)
        try:
            for ms in dict.fromkeys((wanted_ms, least_ms)):
                if piece := self._reserve(budgets, ms):
                    return piece
        except IntegrityError:  # one of them was removed in this moment
            self._guard.forget()
            return None
        self._give_up_where_spent(budgets, least_ms)
        return None

    def _reserve(self, budgets: Sequence[CachedBudget], ms: int) -> Piece | None:
        price = self._price(budgets)
        with self.database.writing() as session:
            windows = _windows(budgets, session)
            if reserve(session, self.claim.job_id, self.claim.fence, windows, Amount(price.cost_nusd(ms), ms)):
                return None  # what was reserved in others is rolled back
            session.commit()
        return Piece(price=price, ms=ms, windows=windows)

    def _give_up_where_spent(self, budgets: Sequence[CachedBudget], ms: int) -> None:
        """Raises BudgetExhausted where a budget would have no room even if nothing that is on its way were spent."""
        need = Amount(self._price(budgets).cost_nusd(ms), ms)
        with self.database.reading() as session:
            pairs = zip(budgets, _windows(budgets, session), strict=True)
            spent = next((pair for pair in pairs if not has_room_later(session, pair[1], need)), None)
            why = refusal(session, spent[1], need) if spent else ""
        if spent:
            raise self._guard.exhausted(*spent, need, why)

    def _price(self, budgets: Sequence[CachedBudget]) -> Price:
        model = self.claim.spec.model
        price = self._guard.price(self._service, model)
        if price is None and any(budget.in_money for budget in budgets):
            what = f"Money is limited, and {self._service.name!r} has no price for {model!r}."
            raise PriceUnknown(f"{what} {PriceUnknown.hint}")
        return price or NO_PRICE


def _windows(budgets: Iterable[CachedBudget], session: Session) -> tuple[Window, ...]:
    now = clock(session)
    return tuple(Window(budget.id, day_of(budget.period, now)) for budget in budgets)
