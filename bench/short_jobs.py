"""Short jobs: clips of 3 s through the API, a service that answers at once, beside plain Celery with a task a file.

From the first submission to the last transcript, all on this machine: clients, API, Redis, database, workers, service.
Longhand and plain Celery take turns, each round with clips of its own, WAV (16 kHz PCM) and MP3. Plain Celery's files
are on its disk already, and its results go to Redis. The aim: 25 jobs a second on two cores.

Run: python -m bench.short_jobs [--clips 1000] [--rounds 3] [--processes 2]
"""

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.plain_celery import PlainCelery, running_celery
from bench.recordings import MP3_MONO, WAV, Form, make_parts
from bench.report import Spread, keep, load, show, spread
from bench.stack import Stack, running_stack

CLIP_S = 3
AT_ONCE = 4  # as `longhand transcribe` submits
PARTS = ("api", "worker", "dispatcher")


@dataclass(frozen=True)
class Round:
    """``submit_s`` until the last was accepted; ``cpu_ms`` for a job, of each part."""

    jobs_per_s: float
    submit_s: float
    cpu_ms: dict[str, float]


@dataclass(frozen=True)
class Measured:
    """Jobs a second; ``times`` of plain Celery in the same round."""

    form: str
    longhand: Spread
    celery: Spread
    times: Spread
    rounds: list[Round]


def measure(stack: Stack, celery: PlainCelery, form: Form, clips: int, rounds: int) -> Measured:
    ours, theirs = [], []
    for number in range(rounds):
        folder = stack.folder / f"{form.ending}-{number}"
        paths = make_parts(folder, form, clips * [CLIP_S], seed=number + 1)
        ours.append(through_longhand(stack, paths))
        theirs.append(through_celery(celery, paths))
    rates = [one.jobs_per_s for one in ours]
    times = [mine / other for mine, other in zip(rates, theirs, strict=True)]
    return Measured(form.ending.upper(), spread(rates), spread(theirs), spread(times), ours)


def through_longhand(stack: Stack, paths: list[Path]) -> Round:
    before, done = {part: stack.cpu_s(part) for part in PARTS}, sum(stack.ended().values())
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda path: stack.submit([path]), paths))
    submit_s = time.monotonic() - began
    stack.wait_for_jobs(done + len(paths))
    took_s = time.monotonic() - began
    cpu_ms = {part: (stack.cpu_s(part) - before[part]) * 1000 / len(paths) for part in PARTS}
    return Round(len(paths) / took_s, submit_s, cpu_ms)


def through_celery(celery: PlainCelery, paths: list[Path]) -> float:
    """Jobs a second."""
    began = time.monotonic()
    texts = celery.transcribe(paths)
    if not all(texts):
        raise SystemExit("plain Celery has lost an answer")
    return len(paths) / (time.monotonic() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="of each of the two")
    options = parser.parse_args()
    before = load()
    with running_stack(workers=options.processes) as stack, running_celery(stack.url, options.processes) as celery:
        found = [measure(stack, celery, form, options.clips, options.rounds) for form in (WAV, MP3_MONO)]
    show(
        ["jobs a second", "longhand", "plain Celery", "times Celery"],
        [(one.form, one.longhand, one.celery, one.times) for one in found],
    )
    keep("short_jobs", {"clips": options.clips, "processes": options.processes, "forms": found}, before)


if __name__ == "__main__":
    main()
