"""The loop beside the workers: it ends leases that were not renewed, and sees to it that due jobs have wake-ups. A
thread of its process works at imports.

It keeps nothing: what is due it asks SQL, what is on its way it asks Redis. So several may run, an emptied Redis is
mended within one round, and a round that failed is made up for by the next.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

import structlog
from sqlalchemy import func, select

from worker import workers
from worker.campaigns.running.steps import take_steps
from worker.database import DATABASE_AWAY, Database
from worker.ids import process_name
from worker.imports.importer import run_imports
from worker.logs import configure_logging
from worker.models import Job
from worker.processes.housekeeping import tidy
from worker.processes.readiness import Pulse
from worker.processes.tasks import FEWEST, Waker
from worker.queue import claim_query, sweep
from worker.queue.waiting import keep_marks
from worker.settings import Settings
from worker.spending.sweep import settle_dead, wake_funded
from worker.states import JobState, Lane

log = structlog.get_logger(__name__)

TICK_S = 1.0
TIDY_S = 3600.0
STEPS_S = 2.0  # the longest that a round goes on with campaigns, so that wake-ups do not wait for them


def window(slots: int, running: int) -> int:
    """Wake-ups that may lie in a lane's list: twice the free slots, so flat in the number of jobs.

    A slot in work needs none, since it goes on to the next due job by itself: a full fleet would only throw them away.
    """
    return max(FEWEST, 2 * (slots - running))


@dataclass
class Dispatcher:
    """One round after another; ``sweep_s`` is how often a round looks for expired leases too, and leaves its mark."""

    database: Database
    waker: Waker
    sweep_s: float
    name: str = field(default_factory=process_name)
    _sweep_at: float = field(default=0.0, init=False)
    _tidy_at: float = field(default=0.0, init=False)

    def tick(self) -> None:
        """One round; raises what the database raises."""
        if time.monotonic() >= self._sweep_at:
            self.sweep()
            workers.note_round(self.database, self.name)
        if time.monotonic() >= self._tidy_at:
            tidy(self.database)
            self._tidy_at = time.monotonic() + TIDY_S
        wake_funded(self.database)
        keep_marks(self.database)
        room = window(workers.slots(self.database), self._running())
        for lane in Lane:
            self.top_up(lane, room)
        self.go_on_with_campaigns()

    def sweep(self) -> list[str]:
        """End the leases that were not renewed and settle what they had reserved, and fail what is past its deadline.

        The ids of the expired jobs.
        """
        expired = sweep.expire(self.database)
        settle_dead(self.database)
        self._sweep_at = time.monotonic() + self.sweep_s
        for job_id in expired:
            log.warning("a worker vanished; its job goes on elsewhere, unless it was the third time", job=job_id)
        for job_id in sweep.fail_overdue(self.database):
            log.warning("a job's deadline passed before it was done; it has failed", job=job_id)
        return expired

    def go_on_with_campaigns(self) -> None:
        """Steps of campaigns while there are some that need not wait, for a while."""
        until = time.monotonic() + STEPS_S
        more = take_steps(self.database)
        while more and time.monotonic() < until:
            more = take_steps(self.database)

    def _running(self) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).where(Job.status == JobState.RUNNING)) or 0

    def top_up(self, lane: Lane, room: int) -> int:
        """Send what is missing between the wake-ups that lie in Redis and the jobs that are due; how many."""
        due = claim_query.count_due(self.database, lane, room)
        waiting = self.waker.waiting(lane) if due else None
        if waiting is None:  # nothing is due, or Redis is away: the next round asks again
            return 0
        missing = range(max(0, min(due, room) - waiting))
        return sum(1 for sent in (self.waker.send(lane) for _ in missing) if sent)


def run_dispatcher(settings: Settings, stop: threading.Event, pulse: Pulse | None = None) -> None:
    """Dispatch until ``stop`` is set, whatever comes and goes meanwhile; ``pulse`` beats after each round.

    What nobody foresaw is raised, and sets ``stop``.
    """
    configure_logging()
    with (
        closing(Database(settings.resolved_database_url, pool_size=2)) as database,
        closing(Waker(settings)) as waker,
        ThreadPoolExecutor(1, "imports") as pool,
    ):
        dispatcher, pulse = Dispatcher(database, waker, settings.sweep_s), pulse or Pulse()
        imports = pool.submit(run_imports, settings, stop)
        log.info("the dispatcher has begun")
        try:
            while not stop.is_set() and not imports.done():
                _round(dispatcher, pulse)
                stop.wait(TICK_S)
        finally:
            stop.set()  # a defect in one of the two ends both: nobody starts a process anew that still half lives
        imports.result()


def _round(dispatcher: Dispatcher, pulse: Pulse) -> None:
    try:
        dispatcher.tick()
        pulse.beat()
    except DATABASE_AWAY as error:
        log.warning("the database is away; the next round asks again", error=type(error).__name__)
