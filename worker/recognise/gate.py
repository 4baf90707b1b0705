"""Whether a service can be reached, as one process last saw it: asked before a recording is fetched and decoded."""

import random
import threading
import time
from collections.abc import Callable

from realtime.protocol.errors import RealtimeError
from worker.recognise.sessions import first_in_line

KNOCK_S = 3.0  # the most between two knocks of one process; half of it is the least
LOOK_S = 0.1  # between two looks at the lease of who waits to knock


class ReachabilityGate:
    """Open until a session cannot be had. Then one job at a time knocks, and those behind it are told what it met.

    Without it each job of a long queue would be claimed and decoded again and again for as long as the service is away.
    """

    def __init__(self) -> None:
        self._fault: RealtimeError | None = None
        self._knock_at = 0.0  # monotonic
        self._turnstile = threading.Lock()

    def shut(self, fault: RealtimeError) -> None:
        """A session could not be opened."""
        self._knock_at = time.monotonic() + KNOCK_S * (1 + random.random()) / 2  # noqa: S311  # jitter is no secret
        self._fault = fault

    def open(self) -> None:
        """A session was opened, or an answer has come."""
        self._fault = None

    def enter(self, knock: Callable[[], object], patience: Callable[[], None]) -> None:
        """Return where the door is open; else ``knock``, which opens it or raises. ``patience`` is called in line."""
        fault = self._fault
        if fault is None:
            return
        with first_in_line(self._turnstile, patience):
            while self._fault is fault and time.monotonic() < self._knock_at:
                patience()
                time.sleep(LOOK_S)
            met = self._fault  # read once: another thread may open the door in between
            if met is fault:
                knock()
            elif met is not None:
                raise met.with_traceback(None)
