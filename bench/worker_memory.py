"""Peak memory of a whole worker process with its ffmpeg, while it works on a short and on a long MP3.

Every part is real: Redis, SQLite, dispatcher, worker process, local service with the scripted engine. Each recording
gets a worker process of its own. The aim: under 200 MB, and the long one within 20 MB of the short one.

Run: python -m bench.worker_memory [--minutes 10 60 600]      the recordings are made for it and not kept
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import migrations
from bench.peak import peak_while
from bench.recordings import long_recording
from bench.report import keep, load, show
from tests.fixtures.redis import RedisServer
from tests.fixtures.worker_processes import Fleet, running_fleet
from worker.states import ENDED


@dataclass(frozen=True)
class Measured:
    """``own_mb`` is the worker process, ``total_mb`` it with its ffmpeg; ``idle_mb`` the worker before any job."""

    minutes: int
    idle_mb: float
    own_mb: float
    total_mb: float
    segments: int
    seconds: float


def measure(minutes: int, redis: RedisServer) -> Measured:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recording = long_recording(folder, minutes)
        database_url = f"sqlite:///{folder / 'longhand.db'}"
        migrations.upgrade(database_url)
        with running_fleet(folder, database_url=database_url, redis_url=redis.url) as fleet:
            return _work_on(fleet, recording, minutes)


def _work_on(fleet: Fleet, recording: Path, minutes: int) -> Measured:
    fleet.start_service()
    fleet.start_dispatcher()
    worker = fleet.start_worker(jobs=16)
    settled = time.monotonic() + 5
    idle = peak_while(worker.pid, lambda: time.monotonic() < settled)
    started = time.monotonic()
    job_id = fleet.submit(recording)
    peak = peak_while(worker.pid, lambda: fleet.job(job_id).status not in ENDED)
    job = fleet.job(job_id)
    if job.status != "succeeded":
        raise SystemExit(f"the job {job.status}: {job.error}")
    seconds = round(time.monotonic() - started, 1)
    return Measured(minutes, idle.own_mb, peak.own_mb, peak.total_mb, len(fleet.segments(job_id)), seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", nargs="+", type=int, default=[10, 60, 600])
    options = parser.parse_args()
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        redis = RedisServer(Path(folder))
        redis.start()
        try:
            results = [measure(minutes, redis) for minutes in options.minutes]
        finally:
            redis.kill()
    show(
        ["minutes", "idle MB", "worker MB", "with ffmpeg MB", "segments", "seconds"],
        [(one.minutes, one.idle_mb, one.own_mb, one.total_mb, one.segments, one.seconds) for one in results],
    )
    totals = [one.total_mb for one in results]
    print(f"The most and the least with ffmpeg are {max(totals) - min(totals):.1f} MB apart.")
    keep("worker_memory", {"results": results}, before)


if __name__ == "__main__":
    main()
