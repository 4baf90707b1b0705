"""Very many short jobs through one worker process: what it holds must not grow with their number."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from tests.fixtures.worker_processes import Fleet, wait_for
from tests.sounds import talk, write_wav
from worker.states import JobState

QUEUED = 50  # jobs that wait at most: the rest is submitted as these are done
LENGTHS_MS = (400, 900, 1600)


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What a process holds at one moment."""

    jobs_done: int
    memory_bytes: int
    threads: int
    descriptors: int
    sessions: int  # connections to the service

    def __str__(self) -> str:
        open_things = f"{self.descriptors} files and sockets, {self.sessions} sessions"
        return f"{self.jobs_done} jobs: {self.memory_bytes / 1e6:.1f} MB, {self.threads} threads, {open_things}"


def live(fleet: Fleet, *, jobs: int, look_each: int) -> Iterator[Holding]:
    """Run the jobs through one worker, and say what it holds each so many jobs."""
    worker = fleet.start_worker(jobs=8, worker_max_jobs=10 * jobs)
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
    connections = [one for one in process.net_connections("tcp") if one.raddr and one.raddr.port == fleet.service_port]
    return Holding(
        jobs_done=done,
        memory_bytes=process.memory_info().rss,
        threads=process.num_threads(),
        descriptors=process.num_fds(),
        sessions=len(connections),
    )
