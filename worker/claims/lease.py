"""A job's lease: its guard, which it looks at before every step; `worker.attempt.keeper` renews those of a process.

The guard is stricter than the database. A frame may go out only until the last renewal plus the lease less a margin,
by a clock that was read *before* the renewal was asked for: so a worker that was paused, or cut off from the
database, has stopped sending before anybody else can claim its job.
"""

import threading
import time
from collections.abc import Callable

from worker.claims.claim import Claim
from worker.errors import AttemptEnded, LeaseLost, Stopping

MARGIN_S = 5.0
# Longer than any single wait in the pipeline: a decode window, a permit, the answer to one segment.
STALL_S = 300.0
POLL_S = 0.2  # between two looks at a lease of who waits for something


class Stop:
    """How a process goes down: first in good order, then at once."""

    def __init__(self) -> None:
        self.asked = threading.Event()  # begin nothing new
        self.now = threading.Event()  # send nothing more either


class Lease:
    """One job's guard: ``check`` before each step, ``check_frame`` before each frame, ``touch`` when the job gets on.

    To wait one's turn is to get on too, for as long as the lease holds: `got_on` and `wait` say both at once.
    """

    def __init__(self, claim: Claim, stop: Stop, *, claimed_at: float, stall_s: float = STALL_S) -> None:
        self.claim = claim
        self._stop = stop
        self._ended: AttemptEnded | None = None
        self._touched_at = claimed_at
        self._stall_s = max(stall_s, 3 * claim.lease_s)
        self._margin_s = min(MARGIN_S, claim.lease_s / 4)
        self.renewed(claimed_at)

    def touch(self) -> None:
        """The job got on: audio was fetched, decoded, sent or answered, or it waits its turn."""
        self._touched_at = time.monotonic()

    def check(self) -> None:
        """Raise LeaseLost, JobCancelled or Stopping where nothing new may be begun."""
        self.check_frame()
        if self._stop.asked.is_set():
            raise Stopping("this process is going down")

    def check_frame(self) -> None:
        """Raise where not one more frame may be sent; a process that stops in good order still ends its segments."""
        if self._ended is not None:
            raise self._ended
        if time.monotonic() > self._valid_until:
            raise LeaseLost(f"the lease on job {self.claim.job_id} was not renewed in time")
        if self._stop.now.is_set():
            raise Stopping("this process is going down at once")

    def got_on(self) -> None:
        """The job got on, and is about to begin something new; raises as `check` does."""
        self.check()
        self.touch()

    def got_on_sending(self) -> None:
        """The job got on in the middle of what it sends, and goes on with it; raises as `check_frame` does."""
        self.check_frame()
        self.touch()

    def wait(self, until: Callable[[float], object]) -> None:
        """Call ``until``, which itself waits for the seconds that it is given, until it says that it is so.

        Raises as `check` does, also where it has been so all the time.
        """
        self.check()
        while not until(POLL_S):
            self.got_on()

    @property
    def is_stopping(self) -> bool:
        """Whether this process begins nothing new."""
        return self._stop.asked.is_set()

    @property
    def is_stopping_now(self) -> bool:
        """Whether this process waits for nothing any more."""
        return self._stop.now.is_set()

    def is_stalled(self, now: float) -> bool:
        """Whether the job has not got on for so long that its lease must not be renewed any more."""
        return now - self._touched_at > self._stall_s

    def renewed(self, asked_at: float) -> None:
        self._valid_until = asked_at + self.claim.lease_s - self._margin_s

    def end(self, reason: AttemptEnded) -> None:
        self._ended = reason
