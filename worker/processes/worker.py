"""One worker process: its room for jobs, its signs of life, and the reasons for which it ends itself."""

import os
import random
import resource
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from worker import workers
from worker.attempt.pipeline import work_on
from worker.attempt.resources import WorkerResources, open_resources
from worker.attempt.slots import Slots
from worker.claims.lease import Stop
from worker.errors import StorageFailed
from worker.ids import process_name
from worker.processes.housekeeping import sweep_leftovers
from worker.processes.watchdog import SILENCE_S, Watchdog
from worker.queue import jobs
from worker.settings import Settings
from worker.states import Lane

log = structlog.get_logger(__name__)

SWEEP_MEDIA_S = 24 * 3600.0
STUCK = 75  # the exit code of a process that had to end itself (EX_TEMPFAIL)

CountWaiting = Callable[[Lane], int]


@dataclass(frozen=True, kw_only=True)
class ProcessTimes:
    """How long a process waits, in seconds."""

    look_s: float = 5.0  # between two looks at itself
    silence_s: float = SILENCE_S  # wake-ups lie in Redis, and none comes here
    grace_s: float = 45.0  # for the segments in flight
    last_grace_s: float = 15.0  # for leases to be given back after that
    at_once_s: float = 3.0  # the same, where somebody asked twice


USUAL = ProcessTimes()


class WorkerProcess:
    """Works on jobs in the threads that call `work`, until `stop`; ``end_now`` ends what hangs beyond the grace."""

    def __init__(
        self, settings: Settings, end_now: Callable[[int], object] = os._exit, *, patience: ProcessTimes = USUAL
    ) -> None:
        self.name = process_name()
        self.stop = Stop()
        self.exit_code = 0
        self._settings = settings
        self._end_now = end_now
        self._patience = patience
        self._slots = Slots(settings.jobs)
        self._resources: WorkerResources = open_resources(settings, self.stop)
        self._worked = 0
        self._received = 0
        self._lock = threading.Lock()

    def work(self, lane: Lane) -> None:
        """Work on due jobs of the lane, one after another, until none is due; returns at once where no slot is free."""
        with self._lock:
            self._received += 1
        with self._slots.room_for(lane) as has_room:
            goes_on = has_room
            while goes_on and not self.stop.asked.is_set():
                goes_on = self._work_on_next(lane)

    def watch(self, *, waiting: CountWaiting, shut_down: Callable[[], None]) -> threading.Thread:
        """Start the thread that looks after this process; ``shut_down`` tells Celery to stop taking wake-ups."""
        watch = threading.Thread(target=self._watch, args=(waiting, shut_down), name="watch", daemon=True)
        watch.start()
        threading.Thread(target=self._sweep_media, name="leftovers", daemon=True).start()
        return watch

    def close(self) -> None:
        """Give back what the process has open; every job has been left by now."""
        self._tell_of_life(0)
        self._resources.close()

    def _work_on_next(self, lane: Lane) -> bool:
        claimed_at = time.monotonic()
        try:
            claim = jobs.claim(self._resources.database, lane, self.name, self._settings.lease_s)
        except SQLAlchemyError as error:
            log.warning("no job could be claimed; the next wake-up tries again", error=type(error).__name__)
            return False
        if claim is None:
            return False
        work_on(self._resources, claim, claimed_at)
        with self._lock:
            self._worked += 1
        return True

    def _watch(self, waiting: CountWaiting, shut_down: Callable[[], None]) -> None:
        watchdog = Watchdog(self._patience.silence_s)
        while not self.stop.asked.is_set():
            self._tell_of_life(self._slots.total)
            wanted = {lane: waiting(lane) for lane in Lane if self._slots.free_for(lane)}
            if watchdog.bites(time.monotonic(), waiting=max(wanted.values(), default=0), received=self._received):
                self._end("wake-ups wait in Redis and none has come here for a minute", STUCK)
            elif self._is_worn():
                self._end("it has done its number of jobs, or has grown", 0)
            self.stop.asked.wait(self._patience.look_s)
        self._see_it_end(shut_down)

    def _sweep_media(self) -> None:
        """Once a day, at no certain time, so that the processes of a fleet do not all do it at once."""
        while not self.stop.asked.wait(SWEEP_MEDIA_S * random.uniform(0.5, 1)):  # noqa: S311  # no secret
            try:
                removed = sweep_leftovers(self._resources.database, self._resources.media)
                log.info("the media store was swept; the next time is tomorrow", removed=removed)
            except (SQLAlchemyError, StorageFailed) as error:
                log.warning("the media store could not be swept; that is tried tomorrow", error=type(error).__name__)

    def _is_worn(self) -> bool:
        return self._worked >= self._settings.worker_max_jobs or resident_bytes() > self._settings.worker_max_bytes

    def _end(self, why: str, exit_code: int) -> None:
        log.info("this process ends after its segments, to be started anew", why=why, exit_code=exit_code)
        self.exit_code = exit_code
        self.stop.asked.set()

    def _see_it_end(self, shut_down: Callable[[], None]) -> None:
        """Segments in flight end within the grace; whatever hangs beyond that is left to the sweep."""
        shut_down()
        self._tell_of_life(0)
        at_once = self.stop.now.wait(self._patience.grace_s)
        self.stop.now.set()
        time.sleep(self._patience.at_once_s if at_once else self._patience.last_grace_s)
        log.warning("this process did not end in time; what it was at goes on elsewhere when its leases end")
        self._end_now(self.exit_code or STUCK)

    def _tell_of_life(self, slots: int) -> None:
        try:
            workers.register(self._resources.database, self.name, slots)
            self._resources.set_share(slots)
        except SQLAlchemyError as error:
            log.warning("no sign of life could be given; the next comes soon", error=type(error).__name__)


def resident_bytes() -> int:
    """Memory that this process holds now; where the system does not say, the most that it ever held."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
