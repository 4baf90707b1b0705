"""How long a stranger's server may take: a deadline for the whole, a least pace on the way, and waits that end."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

Made = TypeVar("Made")

# Waits that were given up still have their threads: for seconds where a name is asked for, and no more than these.
WAITS_AT_ONCE = 64
_waits = threading.BoundedSemaphore(WAITS_AT_ONCE)


class DeadlinePassed(Exception):
    """The whole took too long, or came too slowly."""


@dataclass(frozen=True)
class LeastPace:
    """So many bytes a second must come, at the mean of each stretch of so many seconds that they are waited for."""

    bytes_per_s: float = 16 * 1024
    over_s: float = 30.0


USUAL_PACE = LeastPace()


class Deadline:
    """A moment of the monotonic clock by which all must be done."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds
        self._pace: LeastPace | None = None
        self._waited_s, self._bytes = 0.0, 0

    def left(self, at_most: float | None = None) -> float:
        """Seconds left, no more than ``at_most``; raises DeadlinePassed where there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise DeadlinePassed
        return left if at_most is None else min(left, at_most)

    def begin_body(self, seconds: float, pace: LeastPace) -> None:
        """What was asked for begins to come: it has so many seconds from now on, and a pace to keep."""
        self._at, self._pace = time.monotonic() + seconds, pace
        self._waited_s, self._bytes = 0.0, 0

    def read(self, read: Callable[[float], bytes], at_most: float | None) -> bytes:
        """What ``read`` gives, which is told how long it may wait. Raises DeadlinePassed where too little comes.

        Only the waiting counts: how long a piece then takes to be used is not the server's fault.
        """
        begun = time.monotonic()
        piece = read(self.left(at_most))
        self._waited_s += time.monotonic() - begun
        self._bytes += len(piece)
        if self._pace is not None and self._waited_s >= self._pace.over_s:
            if self._bytes < self._pace.bytes_per_s * self._waited_s:
                raise DeadlinePassed
            self._waited_s, self._bytes = 0.0, 0
        return piece


def in_time(work: Callable[[], Made], seconds: float) -> Made:
    """What ``work`` gives or raises; raises DeadlinePassed where it does not come in time, or too many are waited for.

    For what cannot be told how long it may take. It goes on in a thread of its own, which ends nobody's process.
    """
    begun = time.monotonic()
    if not _waits.acquire(timeout=seconds):
        raise DeadlinePassed
    answer = Future[Made]()

    def run() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001  # handed on whole to whoever waits
            answer.set_exception(error)
        finally:
            _waits.release()

    threading.Thread(target=run, name="in-time", daemon=True).start()
    try:
        return answer.result(max(0.0, seconds - (time.monotonic() - begun)))
    except TimeoutError:
        if answer.done():  # it came at last, or is the work's own
            return answer.result()
        raise DeadlinePassed from None
