"""A process's leases: one keeper renews them all in one statement; each job looks at its own before every step.

The guard is stricter than the database. A frame may go out only until the last renewal plus the lease less a margin,
by a clock that was read *before* the renewal was asked for: so a worker that was paused, or cut off from the
database, has stopped sending before anybody else can claim its job.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from worker.claims.claim import Claim
from worker.database import Database
from worker.errors import AttemptEnded, JobCancelled, LeaseLost, Stopping
from worker.models import Job
from worker.queue import jobs
from worker.states import JobState

log = structlog.get_logger(__name__)

MARGIN_S = 5.0
# Longer than any single wait in the pipeline: a decode window, a permit, the answer to one segment.
STALL_S = 300.0


class Stop:
    """How a process goes down: first in good order, then at once."""

    def __init__(self) -> None:
        self.asked = threading.Event()  # begin nothing new
        self.now = threading.Event()  # send nothing more either


class Lease:
    """One job's guard: ``touch`` when it gets on, ``check`` before each step, ``check_frame`` before each frame."""

    def __init__(self, claim: Claim, stop: Stop, *, claimed_at: float) -> None:
        self.claim = claim
        self._stop = stop
        self._ended: AttemptEnded | None = None
        self._touched_at = claimed_at
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
        return now - self._touched_at > max(STALL_S, 3 * self.claim.lease_s)

    def renewed(self, asked_at: float) -> None:
        self._valid_until = asked_at + self.claim.lease_s - self._margin_s

    def end(self, reason: AttemptEnded) -> None:
        self._ended = reason


class Keeper:
    """One thread that renews the leases of all jobs of this process and learns of cancels, every ``renew_s``."""

    def __init__(self, database: Database, *, lease_s: float, renew_s: float, stop: Stop) -> None:
        self._database = database
        self._lease_s = lease_s
        self._renew_s = renew_s
        self._stop = stop
        self._leases: set[Lease] = set()  # of one job there may be two: one that was lost, and its successor
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
        self._thread.start()

    @contextmanager
    def keep(self, claim: Claim, *, claimed_at: float) -> Iterator[Lease]:
        """Renew the claim for the block's duration; ``claimed_at`` is the monotonic time before the claim was made."""
        lease = Lease(claim, self._stop, claimed_at=claimed_at)
        with self._lock:
            self._leases.add(lease)
        try:
            yield lease
        finally:
            with self._lock:
                self._leases.remove(lease)

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def renew(self) -> None:
        """One round: renew what gets on, and tell those that are not held any more."""
        asked_at = time.monotonic()
        with self._lock:
            leases = [lease for lease in self._leases if not lease.is_stalled(asked_at)]
        if not leases:
            return
        held = jobs.renew(self._database, [lease.claim for lease in leases], self._lease_s)
        for lease in leases:
            if _number(lease) in held:
                lease.renewed(asked_at)
        self._tell_others([lease for lease in leases if _number(lease) not in held])

    def _tell_others(self, gone: Iterable[Lease]) -> None:
        for lease in gone:
            lease.end(self._why_gone(lease.claim))

    def _why_gone(self, claim: Claim) -> AttemptEnded:
        with self._database.reading() as session:
            status = session.scalar(select(Job.status).where(Job.id == claim.job_id))
        if status == JobState.CANCELLED:
            return JobCancelled(f"job {claim.job_id} was cancelled")
        return LeaseLost(f"the lease on job {claim.job_id} is held by somebody else")

    def _run(self) -> None:
        while not self._closed.wait(self._renew_s):
            try:
                self.renew()
            except SQLAlchemyError as error:
                log.warning(
                    "the leases could not be renewed; they are tried again, and jobs stop before theirs ends",
                    retry_in_s=self._renew_s,
                    error=type(error).__name__,
                )


def _number(lease: Lease) -> tuple[str, int]:
    return lease.claim.job_id, lease.claim.fence
