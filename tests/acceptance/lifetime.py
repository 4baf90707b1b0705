"""Very many short jobs through one worker process: what it holds must not grow with their number."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from tests.fixtures.worker_processes import Fleet, wait_for
from tests.sounds import talk, write_wav
from worker.states import JobState

JOBS_AT_ONCE = 8
MOST_DATABASE = JOBS_AT_ONCE + 4 + 1  # what `worker.attempt.resources` keeps of idle connections
GROWTH_BYTES = 10_000_000  # what an allocator may keep; of 300 jobs a leak of 50 kB each would be seen
SPARE = 2  # a thread or a socket that is just being opened or closed
QUEUED = 50  # jobs that wait at most: the rest is submitted as these are done
LENGTHS_MS = (400, 900, 1600)


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What a process holds at one moment."""

    jobs_done: int
    memory_bytes: int
    threads: int
    sessions: int  # connections to the service
    database: int  # connections that the pools have made: one more where more threads than ever asked at once
    redis: int  # the same
    others: int  # files and sockets beside these

    def __str__(self) -> str:
        pools = f"{self.sessions} sessions, {self.database} connections to the database, {self.redis} to Redis"
        memory = f"{self.memory_bytes / 1e6:.1f} MB, {self.threads} threads"
        return f"{self.jobs_done} jobs: {memory}, {pools}, {self.others} other files and sockets"


def assert_flat(warm: Holding, later: list[Holding]) -> None:
    """Nothing has grown with the jobs, and the pools are no larger than they may be."""
    assert later[-1].memory_bytes - warm.memory_bytes < GROWTH_BYTES
    for name in ("threads", "sessions", "redis", "others"):
        assert max(getattr(one, name) for one in later) <= getattr(warm, name) + SPARE, name
    assert max(one.database for one in later) <= MOST_DATABASE


def live(fleet: Fleet, *, jobs: int, look_each: int) -> Iterator[Holding]:
    """Run the jobs through one worker, and say what it holds each so many jobs."""
    worker = fleet.start_worker(jobs=JOBS_AT_ONCE, worker_max_jobs=10 * jobs)
    process = psutil.Process(worker.pid)
    for number in range(1, jobs + 1):
        fleet.submit(_recording(fleet.folder, number))
        if number % look_each == 0:
            wait_for(lambda: fleet.count(JobState.SUCCEEDED) == number, 300)  # noqa: B023  # it is called at once
            yield _look(process, number, fleet)
        elif number % QUEUED == 0:
            wait_for(lambda: fleet.count(JobState.SUCCEEDED) >= number - QUEUED, 300)  # noqa: B023  # as above
    assert worker.poll() is None, "the worker did not live through it"


def _recording(folder: Path, number: int) -> Path:
    """A burst or two; no two alike, so that no answer is found."""
    rng = np.random.default_rng(number)
    sound = talk((int(rng.choice(LENGTHS_MS)), 300), (400, 100))
    return write_wav(folder / "short.wav", (sound + rng.integers(-20, 21, len(sound))).astype(np.int16))


def _look(process: psutil.Process, done: int, fleet: Fleet) -> Holding:
    ports = Counter(one.raddr.port for one in process.net_connections("tcp") if one.raddr)
    files = Counter(Path(file.path).name for file in process.open_files())
    sessions, redis, database = ports[fleet.service_port], ports[fleet.redis_port], files[fleet.database_file.name]
    of_database = sum(count for name, count in files.items() if name.startswith(fleet.database_file.name))
    return Holding(
        jobs_done=done,
        memory_bytes=process.memory_info().rss,
        threads=process.num_threads(),
        sessions=sessions,
        database=database,
        redis=redis,
        others=process.num_fds() - sessions - redis - of_database,
    )
