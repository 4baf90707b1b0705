"""Intervals: they cover the rate, are the same every time, and are as wide as they should be."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.campaigns.review.intervals import GROUPS, Groups, Interval, rates_of, sign_test, wilson

RECORDINGS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 40)), min_size=2, max_size=40)


def found(rows: Sequence[tuple[int, ...]]) -> list[Interval]:
    counts = np.array(rows, dtype=np.int64)
    intervals = rates_of(counts[:, :-1], counts[:, -1])
    assert intervals is not None
    return intervals


@settings(max_examples=40, deadline=None)
@given(RECORDINGS.filter(lambda rows: any(row[-1] for row in rows)))
def test_an_interval_covers_the_plain_rate_and_is_the_same_again(rows: list[tuple[int, ...]]) -> None:
    old, new, change = found(rows)
    words = sum(row[-1] for row in rows)
    assert (old.rate, new.rate) == pytest.approx([sum(row[at] for row in rows) / words for at in (0, 1)])
    assert change.rate == pytest.approx(new.rate - old.rate)
    assert all(one.low <= one.rate <= one.high for one in (old, new, change))  # type: ignore[operator]  # two recordings
    assert found(rows) == [old, new, change]


def test_a_change_of_old_for_new_is_the_same_the_other_way_round() -> None:
    rows = [(at % 7, at % 5, 20) for at in range(60)]
    forth = found(rows)[2]
    back = found([(new, old, words) for old, new, words in rows])[2]
    assert (back.rate, back.low, back.high) == pytest.approx((-forth.rate, -(forth.high or 0), -(forth.low or 0)))


def test_paired_draws_see_a_small_change_between_rates_that_vary_much() -> None:
    rows = [(at % 40 + 2, at % 40, 50) for at in range(80)]  # each recording better by two words
    old, new, change = found(rows)
    assert (old.low or 0) < new.rate  # alone the rates cannot be told apart
    assert change.high == pytest.approx(-0.04)


def test_about_95_of_100_samples_cover_the_rate_they_were_drawn_from() -> None:
    random = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        rates = random.beta(2, 18, size=60)  # 10 % on the average
        interval = found([(int(edits), 100) for edits in random.binomial(100, rates)])[0]
        covered += (interval.low or 0) <= 0.1 <= (interval.high or 0)
    assert 180 <= covered <= 198


def test_many_recordings_in_groups_have_the_interval_of_recordings() -> None:
    random = np.random.default_rng(2)
    edits = random.binomial(100, random.beta(2, 18, size=3 * GROUPS))
    groups = Groups(2)
    for one in edits:
        groups.add(int(one), 100)
    [grouped] = rates_of(groups.filled[:, :-1], groups.filled[:, -1]) or []
    expected = 2 * 1.96 * float(np.std(edits)) / 100 / len(edits) ** 0.5

    assert grouped.rate == pytest.approx(edits.mean() / 100)
    assert (grouped.high or 0) - (grouped.low or 0) == pytest.approx(expected, rel=0.15)


def test_one_recording_has_a_rate_and_no_interval_and_no_words_have_neither() -> None:
    assert found([(1, 10)]) == [Interval(0.1)]
    assert rates_of(np.zeros((3, 1), dtype=np.int64), np.zeros(3, dtype=np.int64)) is None
    assert rates_of(np.zeros((0, 1), dtype=np.int64), np.zeros(0, dtype=np.int64)) is None


def test_wilson_s_interval_is_the_known_one() -> None:
    one = wilson(8, 10)
    assert one is not None
    assert (one.rate, one.low, one.high) == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 0) is None


@given(st.integers(0, 200), st.integers(1, 200))
def test_wilson_s_interval_covers_the_share_and_mirrors(hits: int, more: int) -> None:
    one, other = wilson(hits, hits + more), wilson(more, hits + more)
    assert one is not None
    assert other is not None
    assert 0 <= (one.low or 0) <= one.rate <= (one.high or 0) <= 1
    assert one.low == pytest.approx(1 - (other.high or 0))


def test_the_sign_test_is_exact() -> None:
    assert sign_test(0, 0) == 1.0
    assert sign_test(5, 5) == 1.0
    assert sign_test(0, 5) == sign_test(5, 0) == 0.0625
    assert sign_test(8, 2) == pytest.approx(0.109375)
    assert sign_test(3_000, 2_000) < 1e-40
