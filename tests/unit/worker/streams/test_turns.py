import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.protocol.conversation.outcomes import Answered, Refused, Result
from realtime.protocol.errors import ContentRefused
from worker.streams.turns import Turn, Turns


def said(number: int, start_ms: int | None = None, end_ms: int | None = None) -> Answered:
    return Answered(number, Result(f"utterance {number}"), start_ms, end_ms)


def places(turns: list[Turn]) -> list[tuple[int, int]]:
    return [(turn.start_ms, turn.end_ms) for turn in turns]


def test_times_are_those_of_the_recording() -> None:
    turns = Turns(60_000)
    assert places(turns.settle(said(0, 500, 2000), 5000)) == [(60_500, 62_000)]


def test_an_early_answer_waits_for_those_before_it() -> None:
    turns = Turns(0)
    assert turns.settle(said(1, 3000, 4000), 9000) == []
    assert places(turns.settle(said(0, 1000, 2000), 9000)) == [(1000, 2000), (3000, 4000)]


def test_one_that_was_refused_has_its_place_too() -> None:
    refused = Refused(0, ContentRefused(), 100, 900)
    assert Turns(0).settle(refused, 1000) == [Turn(100, 900, refused)]


def test_times_that_are_left_out_are_taken_wide() -> None:
    turns = Turns(1000)
    assert places(turns.settle(said(0), 500)) == [(1000, 1500)]


Times = list[tuple[int | None, int | None]]
MS = st.none() | st.integers(0, 10_000)


@settings(deadline=None)  # a busy machine is no defect
@given(
    times=st.lists(st.tuples(MS, MS)), seed=st.integers(), from_ms=st.integers(0, 10**8), sent=st.integers(0, 10_000)
)
def test_whatever_a_service_says_utterances_follow_one_another(
    times: Times, seed: int, from_ms: int, sent: int
) -> None:
    turns = Turns(from_ms)
    outcomes = [said(number, *pair) for number, pair in enumerate(times)]
    random.Random(seed).shuffle(outcomes)
    settled = [turn for outcome in outcomes for turn in turns.settle(outcome, sent)]

    assert [turn.outcome.segment for turn in settled] == list(range(len(times)))
    assert all(from_ms <= start < end for start, end in places(settled))
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(settled))
