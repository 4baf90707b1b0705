"""How sure a rate is: intervals at 95 %. Pure.

Rates are edits over words, and what was drawn at random are recordings, not words: a recording's words are good or
bad together. So recordings are drawn again, with replacement, and the rate is computed anew each time (the percentile
bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap, 1993; for error rates Bisani and Ney, ICASSP 2004).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Rates = NDArray[np.float64]
DRAWS = 1_000
SEED = 20_260_101  # the same counts give the same interval
TAILS = (0.025, 0.975)
Z = 1.959963984540054  # the normal distribution's 97.5 % quantile
GROUPS = 2_000


@dataclass(frozen=True)
class Interval:
    """A rate with its 95 % interval; the bounds are None where nothing can be said of them."""

    rate: float
    low: float | None = None
    high: float | None = None


class Groups:
    """Sums over recordings in a fixed number of groups: one recording a group while there are few.

    With more than ``GROUPS`` recordings the groups are drawn in their place. They are filled in turn, so each is a
    sample of its own and the interval is that of recordings; memory and time stay the same however many there are.
    """

    def __init__(self, columns: int) -> None:
        self.sums: Counts = np.zeros((GROUPS, columns), dtype=np.int64)
        self.count = 0

    def add(self, *counts: int) -> None:
        self.sums[self.count % GROUPS] += np.array(counts, dtype=np.int64)
        self.count += 1

    @property
    def filled(self) -> Counts:
        """A row for each group that has a recording."""
        return self.sums[: min(self.count, GROUPS)]


def bootstrap(edits: Counts, words: Counts, *, seed: int = SEED) -> tuple[Rates, Rates]:
    """Rates of ``edits`` (recordings by measures) over ``words`` (recordings): as they are, and of each draw.

    All measures are taken of the same draws, so that their differences are paired. The words must not all be 0; a draw
    without a word counts no edits either.
    """
    number = len(words)
    draws = np.random.default_rng(seed).multinomial(number, np.full(number, 1 / number), size=DRAWS)
    totals = np.maximum(draws @ words, 1)
    return edits.sum(axis=0) / words.sum(), (draws @ edits) / totals[:, np.newaxis]


def interval(rate: float, drawn: Rates) -> Interval:
    """The middle 95 % of the draws, widened to the rate itself where that lies outside."""
    low, high = (float(bound) for bound in np.quantile(drawn, TAILS))
    return Interval(rate, min(low, rate), max(high, rate))


def rates_of(edits: Counts, words: Counts) -> list[Interval] | None:
    """The rate of each measure with its interval, and last the second less the first where there are two.

    None without a word. The bounds are None for a single recording.
    """
    if not words.sum():
        return None
    plain, drawn = bootstrap(edits, words)
    if len(plain) == 2:
        plain, drawn = np.append(plain, plain[1] - plain[0]), np.column_stack([drawn, drawn[:, 1] - drawn[:, 0]])
    if len(words) < 2:
        return [Interval(float(rate)) for rate in plain]
    return [interval(float(rate), drawn[:, at]) for at, rate in enumerate(plain)]


def wilson(hits: int, number: int) -> Interval | None:
    """A share with Wilson's score interval (JASA 22, 1927), which is right for few too; None of nothing."""
    if not number:
        return None
    share, square = hits / number, Z * Z / number
    middle = (share + square / 2) / (1 + square)
    half = Z * math.sqrt(share * (1 - share) / number + square / (4 * number)) / (1 + square)
    return Interval(share, min(max(0.0, middle - half), share), max(min(1.0, middle + half), share))


def sign_test(one: int, other: int) -> float:
    """How likely a split at least so uneven is where both are equally likely: the exact two-sided sign test."""
    number, fewer = one + other, min(one, other)
    tail = sum(math.comb(number, count) for count in range(fewer + 1))
    return min(1.0, float(2 * tail / 2**number))
