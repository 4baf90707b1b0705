from hypothesis import given
from hypothesis import strategies as st

from worker.limits.throttle import LEAST, RECOVERY_MS, SAME_MS, Throttle, part_of


def test_all_may_be_used_until_somebody_asks_for_patience() -> None:
    assert Throttle().share_at(0) == 1


def test_each_refusal_halves_the_share_and_those_that_come_together_count_once() -> None:
    once = Throttle().slowed(1_000_000)
    assert once.share_at(1_000_000) == 0.5
    assert once.slowed(1_000_000 + SAME_MS - 1) == once
    later = 1_000_000 + SAME_MS
    assert once.slowed(later).share_at(later) == (0.5 + SAME_MS / RECOVERY_MS) / 2


def test_the_share_grows_back_by_the_clock_to_all_and_no_further() -> None:
    slowed = Throttle().slowed(0)
    assert slowed.share_at(RECOVERY_MS / 4) == 0.75
    assert slowed.share_at(RECOVERY_MS) == 1


@given(st.lists(st.integers(0, 2 * RECOVERY_MS), max_size=50))
def test_the_share_stays_between_the_least_and_all(pauses_ms: list[int]) -> None:
    throttle, now_ms = Throttle(), 0
    for pause_ms in pauses_ms:
        now_ms += pause_ms
        throttle = throttle.slowed(now_ms)
        assert LEAST <= throttle.share_at(now_ms) <= 1


@given(limit=st.integers(1, 10_000), share=st.floats(LEAST, 1))
def test_a_part_of_a_limit_is_at_least_one_and_never_more_than_the_limit(limit: int, share: float) -> None:
    assert 1 <= part_of(limit, share) <= limit
