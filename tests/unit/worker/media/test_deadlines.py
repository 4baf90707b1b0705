"""Waits that end."""

import threading

import pytest

from worker.media.deadlines import WAITS_AT_ONCE, Deadline, DeadlinePassed, LeastPace, in_time


def test_what_comes_in_time_is_given_and_what_is_raised_is_raised() -> None:
    assert in_time(lambda: 7, 60) == 7
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: 1 // 0, 60)


def test_an_error_of_the_work_that_speaks_of_time_is_the_works_own() -> None:
    def late() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        in_time(late, 60)


def test_no_more_threads_wait_than_may() -> None:
    end, begun = threading.Event(), []

    def wait() -> None:
        begun.append(1)
        end.wait(60)

    for _ in range(WAITS_AT_ONCE + 5):
        with pytest.raises(DeadlinePassed):
            in_time(wait, 0.01)
    end.set()
    assert len(begun) == WAITS_AT_ONCE
    assert in_time(lambda: 7, 60) == 7


def test_a_pace_is_asked_for_once_the_body_has_begun() -> None:
    deadline = Deadline(60)
    pace = LeastPace(bytes_per_s=1000, over_s=0)
    assert deadline.read(lambda _left: b"", None) == b""
    deadline.begin_body(60, pace)
    assert deadline.read(lambda _left: b"x" * 1000, None)
    with pytest.raises(DeadlinePassed):
        deadline.read(lambda _left: b"", None)


def test_a_read_is_told_how_long_it_may_wait() -> None:
    told: list[float] = []

    def read(left: float) -> bytes:
        told.append(left)
        return b""

    Deadline(60).read(read, 30)
    assert told == [30]
    with pytest.raises(DeadlinePassed):
        Deadline(0).read(lambda _left: b"", None)
