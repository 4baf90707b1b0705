"""The leases of all jobs of a process: one thread renews them in one statement, and learns of cancels by it."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from worker.claims.claim import Claim
from worker.claims.lease import STALL_S, Lease, Stop
from worker.database import Database
from worker.errors import AttemptEnded, JobCancelled, LeaseLost
from worker.models import Job
from worker.queue import jobs
from worker.states import JobState

log = structlog.get_logger(__name__)


class Keeper:
    """One thread that renews the leases of all jobs of this process and learns of cancels, every ``renew_s``."""

    def __init__(
        self, database: Database, *, lease_s: float, renew_s: float, stop: Stop, stall_s: float = STALL_S
    ) -> None:
        self._database = database
        self._lease_s = lease_s
        self._renew_s = renew_s
        self._stop = stop
        self._stall_s = stall_s
        self._leases: set[Lease] = set()  # of one job there may be two: one that was lost, and its successor
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
        self._thread.start()

    @contextmanager
    def keep(self, claim: Claim, *, claimed_at: float) -> Iterator[Lease]:
        """Renew the claim for the block's duration; ``claimed_at`` is the monotonic time before the claim was made."""
        lease = Lease(claim, self._stop, claimed_at=claimed_at, stall_s=self._stall_s)
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
