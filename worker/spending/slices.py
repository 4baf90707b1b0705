"""What is cut from a reservation: audio with the money for it, in the order of sending; pure."""

from dataclasses import dataclass, field

from worker.services.prices import Price, tokens_of
from worker.spending.ledger import Amount, PeriodKey, Settlement


@dataclass(frozen=True)
class ReportedUsage:
    """What an answer says of its cost, and of how much audio."""

    usage: object
    ms: int


@dataclass
class Slice:
    """Audio that may be sent, with what is reserved for it; without periods nothing limits it."""

    price: Price
    ms: int
    periods: tuple[PeriodKey, ...] = ()
    nusd: int = field(init=False)

    def __post_init__(self) -> None:
        self.nusd = self.price.cost_nusd(self.ms)

    def take(self, ms: int) -> Amount:
        """Take a part out: its money is what the rest does not need any more, so that all parts make the whole."""
        left_nusd = self.price.cost_nusd(self.ms - ms)
        part = Amount(self.nusd - left_nusd, ms)
        self.ms, self.nusd = self.ms - ms, left_nusd
        return part


@dataclass(frozen=True)
class SettledPart:
    """A part of a slice: what is not reserved any more, and what of it was spent."""

    periods: tuple[PeriodKey, ...]
    released: Amount
    spent: Amount


def take_first(slices: list[Slice], ms: int) -> list[tuple[Slice, Amount]]:
    """Take so much from the slices' beginning, with the slice that each part is of; the empty ones go."""
    taken = []
    while ms > 0 and slices:
        first = slices[0]
        part_ms = min(ms, first.ms)
        taken.append((first, first.take(part_ms)))
        ms -= part_ms
        if not first.ms:
            slices.pop(0)
    return taken


def priced(taken: list[tuple[Slice, Amount]], sent_ms: int, usage: ReportedUsage | None) -> list[SettledPart]:
    """By length, or by the tokens that the answer reports: then the last part bears what is over."""
    if not taken or usage is None or tokens_of(usage.usage) is None or taken[-1][0].price.usd_per_token is None:
        return [SettledPart(slice_.periods, amount, amount) for slice_, amount in taken]
    price = taken[-1][0].price
    left_nusd = price.cost_nusd(usage.ms, usage.usage) + price.cost_nusd(max(0, sent_ms - usage.ms))
    parts = []
    for number, (slice_, amount) in enumerate(taken, 1):
        nusd = left_nusd if number == len(taken) else min(left_nusd, amount.nusd)
        parts.append(SettledPart(slice_.periods, amount, Amount(nusd, amount.ms)))
        left_nusd -= nusd
    return parts


def by_period(parts: list[SettledPart]) -> dict[PeriodKey, Settlement]:
    """The sums of each period."""
    settled: dict[PeriodKey, Settlement] = {}
    for part in parts:
        for period in part.periods:
            so_far = settled.get(period, Settlement(Amount(), Amount()))
            settled[period] = Settlement(so_far.released + part.released, so_far.spent + part.spent)
    return settled
