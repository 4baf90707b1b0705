"""What is reserved for one segment on its way, or for a stream: it covers each frame before it is sent."""

from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.orm import Session

from worker.claims.claim import Claim
from worker.database import Database
from worker.errors import BudgetExhausted
from worker.services.prices import Price, tokens_of
from worker.spending.ledger import Amount, Settlement, Window, settle

COME_AGAIN_S = 5.0  # what is on its way is settled within seconds


@dataclass(frozen=True)
class Told:
    """What an answer says of its cost, and of how much audio."""

    usage: object
    ms: int


@dataclass
class Piece:
    """Audio that may be sent, with what is reserved for it; without windows nothing limits it."""

    price: Price
    ms: int
    windows: tuple[Window, ...] = ()
    nusd: int = field(init=False)

    def __post_init__(self) -> None:
        self.nusd = self.price.cost_nusd(self.ms)

    def take(self, ms: int) -> Amount:
        """Take a part out: its money is what the rest does not need any more, so that all parts make the whole."""
        left_nusd = self.price.cost_nusd(self.ms - ms)
        part = Amount(self.nusd - left_nusd, ms)
        self.ms, self.nusd = self.ms - ms, left_nusd
        return part


class Source(Protocol):
    """Where pieces come from: `worker.spending.reserver.Purse`."""

    database: Database
    claim: Claim

    def reserve(self, wanted_ms: int, least_ms: int) -> Piece | None: ...

    def is_limited(self) -> bool: ...


@dataclass(frozen=True)
class Part:
    """A part of a piece: what is not reserved any more, and what of it was spent."""

    windows: tuple[Window, ...]
    released: Amount
    spent: Amount


class Held:
    """Reserved in steps, settled in the order of sending. For one thread at a time."""

    def __init__(self, source: Source, step_ms: int) -> None:
        self._source = source
        self._step_ms = step_ms
        self._covered_ms = 0
        self._asked_ms = 0  # the most that `cover` was asked for
        self._pieces: list[Piece] = []

    def try_cover(self, total_ms: int) -> bool:
        """Whether so much, all sendings together, is reserved now; False while others' segments leave no room.

        A step is reserved ahead, so that a stream need not ask for each frame. Raises BudgetExhausted, PriceUnknown.
        """
        missing_ms = total_ms - self._covered_ms
        if missing_ms <= 0:
            return True
        piece = self._source.reserve(max(self._step_ms, missing_ms), missing_ms)
        if piece is None:
            return False
        self._pieces.append(piece)
        self._covered_ms += piece.ms
        return True

    def cover(self, total_ms: int) -> None:
        """The same before something is sent, where nobody can wait: raises BudgetExhausted in both cases."""
        if total_ms > self._asked_ms:
            self._asked_ms = total_ms
            self._forget_what_was_free()
        if not self.try_cover(total_ms):
            why = "What is left of the budget is reserved for segments that are on their way."
            raise BudgetExhausted(why, retry_after_s=COME_AGAIN_S)

    def settle(self, session: Session, sent_ms: int, told: Told | None = None, *, last: bool = True) -> None:
        """So much more was sent; the ``last`` time the rest is given back. Part of the caller's transaction."""
        parts = _priced(self._take(sent_ms), sent_ms, told)
        if last:
            parts += [Part(piece.windows, piece.take(piece.ms), Amount()) for piece in self._pieces]
            self._pieces = []
        if settled := _by_window(parts):
            settle(session, self._source.claim.job_id, self._source.claim.fence, settled)

    def give_back(self) -> None:
        """Nothing more is sent: what is left is free again, in a transaction of its own."""
        if any(piece.windows for piece in self._pieces):
            with self._source.database.writing() as session:
                self.settle(session, 0)
                session.commit()

    def _forget_what_was_free(self) -> None:
        """What was let pass while nothing limited it, and waited its turn until there is a budget, must be reserved."""
        free_ms = sum(piece.ms for piece in self._pieces if not piece.windows)
        if free_ms and self._source.is_limited():
            self._pieces = [piece for piece in self._pieces if piece.windows]
            self._covered_ms -= free_ms

    def _take(self, ms: int) -> list[tuple[Piece, Amount]]:
        taken = []
        while ms > 0 and self._pieces:
            piece = self._pieces[0]
            part_ms = min(ms, piece.ms)
            taken.append((piece, piece.take(part_ms)))
            ms -= part_ms
            if not piece.ms:
                self._pieces.pop(0)
        return taken


def _priced(taken: list[tuple[Piece, Amount]], sent_ms: int, told: Told | None) -> list[Part]:
    """By length, or by what the answer told of the tokens that it took: then the last part bears what is over."""
    if not taken or told is None or tokens_of(told.usage) is None or taken[-1][0].price.usd_per_token is None:
        return [Part(piece.windows, amount, amount) for piece, amount in taken]
    price = taken[-1][0].price
    left_nusd = price.cost_nusd(told.ms, told.usage) + price.cost_nusd(max(0, sent_ms - told.ms))
    parts = []
    for number, (piece, amount) in enumerate(taken, 1):
        nusd = left_nusd if number == len(taken) else min(left_nusd, amount.nusd)
        parts.append(Part(piece.windows, amount, Amount(nusd, amount.ms)))
        left_nusd -= nusd
    return parts


def _by_window(parts: list[Part]) -> dict[Window, Settlement]:
    settled: dict[Window, Settlement] = {}
    for part in parts:
        for window in part.windows:
            so_far = settled.get(window, Settlement(Amount(), Amount()))
            settled[window] = Settlement(so_far.released + part.released, so_far.spent + part.spent)
    return settled
