"""How soon jobs go on: after kill -9 of their worker under the default timers, and after an emptied Redis."""

import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select

from tests.fixtures.postgres_cluster import PostgresCluster
from tests.fixtures.stacks.checker import wait_until_ended
from tests.fixtures.stacks.recordings import write
from tests.fixtures.stacks.stack import Stack, running_stack
from tests.fixtures.stacks.submitting import Submitter
from tests.fixtures.waiting import wait_for
from tests.soak.conftest import Number
from worker.database import Database
from worker.models import Job
from worker.states import ENDED, JobState

AT_ONCE = 12  # jobs under way; two of the sixteen slots are the interactive lane's, so that two are free
SUBMITTED = 3
TURNS = 20
SERVICE = ("--speed", "0.5", "--latency-ms", "100")  # a job lasts for minutes
EACH_S, MEDIAN_S, EMPTIED_S = 90.0, 60.0, 15.0


class Bench:
    """A stack that is kept busy, and a look into its rows."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.database = Database(stack.database_url, pool_size=1)
        self.submitter = Submitter(stack.url, stack.key, each_s=0)
        self._paths = ((write(folder, number, TURNS), True) for number in count())

    def is_full(self) -> bool:
        """Submit what is missing of so many under way; whether they all run, but for one."""
        with self.database.reading() as session:
            under_way = session.scalars(select(func.count()).where(Job.status.not_in(ENDED))).one()
        for _ in range(AT_ONCE - under_way):
            self.submit()
        return len(self.fences()) >= AT_ONCE - 1

    def fullest(self) -> psutil.Process:
        """The worker process with the most jobs."""
        workers = wait_for(lambda: self.stack.processes("worker"), 60)
        return max(workers, key=lambda process: len(self.fences(process.pid)))

    def submit(self) -> str:
        path, good = next(self._paths)
        self.submitter.start([(path, good)]).join()
        if self.submitter.error is not None:
            raise self.submitter.error
        return self.submitter.accepted[-1].job_id

    def fences(self, worker_pid: int | None = None) -> dict[str, int]:
        """Running jobs and their fences; of one worker process, or of all."""
        running = select(Job.id, Job.fence, Job.worker).where(Job.status == JobState.RUNNING)
        with self.database.reading() as session:
            rows = session.execute(running).all()
        return {row.id: row.fence for row in rows if worker_pid is None or f":{worker_pid}:" in str(row.worker)}

    def rows(self, ids: Iterable[str]) -> Sequence[Job]:
        with self.database.reading() as session:
            return session.scalars(select(Job).where(Job.id.in_(ids))).all()

    def ended(self, ids: set[str]) -> set[str]:
        return {job.id for job in self.rows(ids) if job.status in ENDED}


@contextmanager
def busy(folder: Path, cluster: PostgresCluster | None) -> Iterator[Bench]:
    url = cluster.url if cluster else f"sqlite:///{folder / 'longhand.db'}"
    with running_stack(folder, url, options=SERVICE, settings={}) as stack:
        bench = Bench(stack, folder / "recordings")
        try:
            yield bench
            wait_until_ended(stack, 1200)
        finally:
            bench.database.close()


def kill_and_time(bench: Bench) -> list[float]:
    """Kill one worker; for each job that it had, the seconds until another claim."""
    wait_for(bench.is_full, 600)
    victim = bench.fullest()
    held = bench.fences(victim.pid)
    victim.kill()
    killed_at, resumed = time.monotonic(), dict[str, float]()
    while left := [job for job in bench.rows(held.keys() - resumed.keys()) if not _was_spared(job, held[job.id])]:
        since = time.monotonic() - killed_at
        resumed |= {job.id: since for job in left if job.fence > held[job.id]}
        assert since < 3 * EACH_S, [(job.id, job.status, job.fence, job.losses, job.waiting_code) for job in left]
        time.sleep(0.1)
    return list(resumed.values())


def _was_spared(job: Job, fence: int) -> bool:
    """Whether it had ended when its worker was killed."""
    return job.status in ENDED and job.fence == fence


def empty_and_time(bench: Bench) -> list[float]:
    """Lose the wake-ups of jobs for which there are free slots; the seconds until each of them runs."""
    wait_for(lambda: len(bench.fences()) + SUBMITTED <= AT_ONCE, 600)
    for worker in bench.stack.processes("worker"):
        worker.suspend()  # else they have the wake-ups before they can be lost
    ids = {bench.submit() for _ in range(SUBMITTED)}
    bench.stack.empty_redis()
    for worker in bench.stack.processes("worker"):
        worker.resume()
    emptied_at, begun = time.monotonic(), dict[str, float]()
    while len(begun) < len(ids):
        since = time.monotonic() - emptied_at
        begun |= dict.fromkeys((ids & (bench.fences().keys() | bench.ended(ids))) - begun.keys(), since)
        assert since < 10 * EMPTIED_S, "a job does not begin"
        time.sleep(0.1)
    return list(begun.values())


@pytest.mark.timeout(3 * 3600)
def test_jobs_go_on_within_the_promised_time(
    tmp_path: Path, cluster: PostgresCluster | None, number: Number, figures: list[str]
) -> None:
    kills, emptied = int(number("KILLS", 20)), int(number("EMPTIED", 5))
    with busy(tmp_path, cluster) as bench:
        times = [one for _ in range(kills) for one in kill_and_time(bench)]
        begun = [one for _ in range(emptied) for one in empty_and_time(bench)]
    figures.append(
        f"  {len(times)} jobs hit by {kills} kills went on after a median of {statistics.median(times):.1f} s"
    )
    figures.append(f"  the last of them after {max(times):.1f} s; after an emptied Redis {max(begun):.1f} s at most")
    assert len(times) >= kills * AT_ONCE // 2 - kills, "too few jobs were hit"
    assert max(times) <= EACH_S
    assert statistics.median(times) <= MEDIAN_S
    assert max(begun) <= EMPTIED_S
