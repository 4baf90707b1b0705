"""What is cut from a reservation: no part is lost, and the last one bears what tokens say beyond the length."""

from decimal import Decimal

import pytest

from worker.services.prices import Price
from worker.spending.ledger import Amount, PeriodKey
from worker.spending.slices import ReportedUsage, Slice, by_period, priced, take_first

BY_LENGTH = Price(usd_per_s=Decimal("0.00009"))
BY_TOKEN = Price(usd_per_token=Decimal("0.000001"), tokens_per_s=Decimal(25))
TODAY, EVER = PeriodKey("b1", 20_000), PeriodKey("b2", 0)


@pytest.mark.parametrize("cuts", [(1, 1, 1), (333, 333, 334), (999, 1)])
def test_all_parts_of_a_slice_cost_what_the_whole_costs(cuts: tuple[int, ...]) -> None:
    whole = Slice(price=BY_LENGTH, ms=sum(cuts))
    nusd = whole.nusd
    parts = [whole.take(ms) for ms in cuts]
    assert (sum(part.nusd for part in parts), sum(part.ms for part in parts)) == (nusd, sum(cuts))
    assert (whole.ms, whole.nusd) == (0, 0)


def test_the_first_slices_are_taken_first_and_no_more_than_there_is() -> None:
    slices = [Slice(price=BY_LENGTH, ms=1000, periods=(TODAY,)), Slice(price=BY_LENGTH, ms=500)]
    taken = take_first(slices, 1200)
    assert [(part.periods, amount.ms) for part, amount in taken] == [((TODAY,), 1000), ((), 200)]
    assert [rest.ms for rest in slices] == [300]
    assert [amount.ms for _, amount in take_first(slices, 900)] == [300]
    assert slices == []


def test_reported_tokens_are_spread_over_the_parts_and_the_last_bears_the_rest() -> None:
    slices = [Slice(price=BY_TOKEN, ms=1000, periods=(TODAY,)), Slice(price=BY_TOKEN, ms=1000, periods=(TODAY,))]
    parts = priced(take_first(slices, 2000), 2000, ReportedUsage({"total_tokens": 60}, 2000))
    assert [part.spent.nusd for part in parts] == [25_000, 35_000]
    assert [part.released for part in parts] == [Amount(25_000, 1000)] * 2


def test_without_reported_tokens_the_most_that_they_can_be_is_spent() -> None:
    parts = priced(take_first([Slice(price=BY_TOKEN, ms=1000)], 1000), 1000, ReportedUsage(None, 1000))
    assert [part.spent for part in parts] == [Amount(25_000, 1000)]


def test_a_part_is_settled_in_each_of_its_periods() -> None:
    slices = [Slice(price=BY_LENGTH, ms=1000, periods=(TODAY, EVER)), Slice(price=BY_LENGTH, ms=1000, periods=(TODAY,))]
    settled = by_period(priced(take_first(slices, 2000), 2000, None))
    assert {period: settlement.spent.ms for period, settlement in settled.items()} == {TODAY: 2000, EVER: 1000}
