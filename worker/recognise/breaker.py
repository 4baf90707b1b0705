"""Whether a service can be asked for a session: by the fleet's breaker, and as this process last saw it.

While the service refuses, the fleet makes one probe a minute. While it is away, one job of a process knocks for all.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from realtime.protocol.errors import (
    BillUnpaid,
    KeyRefused,
    ModelUnknown,
    QuotaExceeded,
    RateLimited,
    RealtimeError,
    ServiceLimited,
    ServiceRefused,
)
from worker import breakers
from worker.database import Database
from worker.recognise.sessions import first_in_line

log = structlog.get_logger(__name__)

# What meets every job of a service alike. A refusal or a used-up quota stops the fleet until a probe is answered; a
# rate limit only slows it down, since it passes sooner than a probe would come.
MEETS_ALL = (ServiceRefused, ServiceLimited)
KNOWN: dict[str, type[RealtimeError]] = {
    error.code: error for error in (KeyRefused, BillUnpaid, ModelUnknown, QuotaExceeded, RateLimited, ServiceRefused)
}


class Breaker:
    """One service's breaker; its state is a row that the fleet shares. ``slow_down`` is for rate limits."""

    def __init__(self, database: Database, service: str, *, slow_down: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._service = service
        self._slow_down = slow_down

    def ask(self) -> None:
        """Return where a session may be opened; else raise the trouble that the service is known to have."""
        if breakers.may_probe(self._database, self._service):
            return
        status = breakers.service_states(self._database).get(self._service)
        if status is None or status.code is None:  # it recovered in this very moment
            return
        raise KNOWN.get(status.code, ServiceRefused)(status.message or "")

    def note(self, error: RealtimeError) -> None:
        """Open the breaker, or slow the fleet down, where the error is one that every job of the service would meet."""
        if breakers.is_rate_limit(error):
            self._slow_down()
        if isinstance(error, MEETS_ALL):
            with _best_effort(self._service):
                breakers.service_trouble(self._database, self._service, error)

    def recovered(self) -> None:
        """The service answered: close the breaker if it was open."""
        with _best_effort(self._service):
            breakers.service_recovered(self._database, self._service)


@contextmanager
def _best_effort(service: str) -> Iterator[None]:
    """An answer, or a better error, must not be lost because the database could not be told of it."""
    try:
        yield
    except SQLAlchemyError as error:
        log.warning(
            "a service's state could not be stored; the next segment tells it again",
            service=service,
            error=type(error).__name__,
        )


KNOCK_S = 3.0  # the most between two knocks of one process; half of it is the least
LOOK_S = 0.1  # between two looks at the lease of who waits to knock


class ReachabilityGate:
    """Open until a session cannot be had. Then one job at a time knocks, and those behind it are told what it met.

    Without it each job of a long queue would be claimed and decoded again and again for as long as the service is away.
    """

    def __init__(self, *, knock_s: float = KNOCK_S) -> None:
        self._knock_s = knock_s
        self._fault: RealtimeError | None = None
        self._knock_at = 0.0  # monotonic
        self._turnstile = threading.Lock()

    def shut(self, fault: RealtimeError) -> None:
        """A session could not be opened."""
        self._knock_at = time.monotonic() + self._knock_s * (1 + random.random()) / 2  # noqa: S311  # jitter is no secret
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
