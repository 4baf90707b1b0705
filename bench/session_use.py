"""How well the service's permits are used: an archive of recordings, beside the ideal and three plain ways.

The service is scripted: each segment takes its length divided by the speed, and the latency. The ideal is the sum of
that and of its upload over Longhand's own segments, divided by the permits; the upload is what a bare websocket-client
takes alone, before the run. The share of an ideal without upload is printed beside it. Recordings are MP3s of speech,
45 s to 15 min long, 3 min on average. The ways take turns; those that are slow get the first recordings only, and what
is compared are seconds of audio a second. The aim: 0.95 of the ideal, and three times plain Celery.

Run: python -m bench.session_use [--recordings 200] [--rounds 3] [--celery 40] [--sdk 20] [--sdk-seconds 60]
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import func, select

from bench.peak import peak_together
from bench.plain_celery import running_celery
from bench.protocol_clients import WebsocketClient
from bench.recordings import MP3_MONO, make_parts
from bench.report import Spread, keep, load, show, spread
from bench.sdk_script import transcribe_all
from bench.short_jobs import AT_ONCE
from bench.stack import Stack, running_stack
from worker.models import Segment
from worker.probing.speech import speech

SHORTEST_S, MEAN_S, LONGEST_S = 45.0, 180.0, 900.0
SPEED, LATENCY_MS, PERMITS = 20.0, 300.0, 20
UPLOAD_S, UPLOADS = 25.0, 9


@dataclass(frozen=True)
class Recording:
    path: Path
    length_s: float


@dataclass(frozen=True)
class Round:
    """``rate``: seconds of audio a second; memory of all its processes; for Longhand the shares of the ideals."""

    rate: float
    took_s: float
    memory_mb: float = 0.0
    use: float = 0.0
    use_without_upload: float = 0.0


@dataclass(frozen=True)
class Measured:
    """``times``: Longhand's rate divided by this way's, round by round."""

    way: str
    rate: Spread
    took_s: Spread
    times: Spread
    memory_mb: float


def lengths_s(count: int, seed: int) -> list[float]:
    """Many short ones and a few long ones."""
    dice = random.Random(seed)
    drawn = [SHORTEST_S + dice.expovariate(1 / (MEAN_S - SHORTEST_S)) for _ in range(count)]
    return [round(min(length, LONGEST_S), 1) for length in drawn]


def upload_s(url: str) -> float:
    """Seconds that a bare client takes to send a second of audio, beyond what the service takes to answer."""
    client = WebsocketClient(url)
    took = []
    for number in range(UPLOADS):
        pcm, began = speech(UPLOAD_S, number), time.monotonic()
        client.say(pcm)
        took.append(time.monotonic() - began - UPLOAD_S / SPEED - LATENCY_MS / 1000)
    client.close()
    return statistics.median(took) / UPLOAD_S


def longhand(stack: Stack, recordings: Sequence[Recording]) -> Round:
    upload, done = upload_s(stack.url), sum(stack.ended().values())
    before = ideal_s(stack, upload), ideal_s(stack, 0)
    began = time.monotonic()
    with peak_together(lambda: _worker_processes(stack)) as memory, ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda one: stack.submit([one.path]), recordings))
        stack.wait_for_jobs(done + len(recordings))
    took_s = time.monotonic() - began
    use, without = (ideal_s(stack, upload) - before[0]) / took_s, (ideal_s(stack, 0) - before[1]) / took_s
    return Round(_length_s(recordings) / took_s, took_s, memory.peak_mb, use, without)


def ideal_s(stack: Stack, upload: float) -> float:
    """What all segments so far would take with each permit in use at all times; ``upload`` is for a second of audio."""
    with stack.database.reading() as session:
        total_ms, count = session.execute(select(func.sum(Segment.end_ms - Segment.start_ms), func.count())).one()
    return ((total_ms or 0) * (upload + 1 / SPEED) + count * LATENCY_MS) / 1000 / PERMITS


def _worker_processes(stack: Stack) -> list[psutil.Process]:
    workers = stack.parts("worker")
    return workers + [child for worker in workers for child in worker.children()]


def celery(stack: Stack, recordings: Sequence[Recording]) -> Round:
    with running_celery(stack.url, PERMITS) as peer:
        began = time.monotonic()
        with peak_together(lambda: peer.processes) as memory:
            peer.transcribe([one.path for one in recordings])
        took_s = time.monotonic() - began
    return Round(_length_s(recordings) / took_s, took_s, memory.peak_mb)


def sdk(stack: Stack, recordings: Sequence[Recording], *, threads: int, paced: bool) -> Round:
    took_s = transcribe_all([one.path for one in recordings], stack.url, threads=threads, paced=paced)
    return Round(_length_s(recordings) / took_s, took_s)


def _length_s(recordings: Sequence[Recording]) -> float:
    return sum(one.length_s for one in recordings)


def run_round(stack: Stack, options: argparse.Namespace, number: int) -> dict[str, Round]:
    archive = _archive(stack.folder / f"archive-{number}", lengths_s(options.recordings, number), number)
    brief = _archive(stack.folder / f"brief-{number}", options.sdk * [options.sdk_seconds], 1000 + number)
    ways: dict[str, Callable[[], Round]] = {
        "longhand": lambda: longhand(stack, archive),
        f"plain Celery, {PERMITS} processes": lambda: celery(stack, archive[: options.celery]),
        "SDK, 1 thread": lambda: sdk(stack, brief[:1], threads=1, paced=True),
        f"SDK, {PERMITS} threads": lambda: sdk(stack, brief, threads=PERMITS, paced=True),
        "SDK, 1 thread, no sleep": lambda: sdk(stack, brief[:4], threads=1, paced=False),
        f"SDK, {PERMITS} threads, no sleep": lambda: sdk(stack, brief, threads=PERMITS, paced=False),
    }
    return {name: way() for name, way in ways.items()}


def _archive(folder: Path, lengths: Sequence[float], seed: int) -> list[Recording]:
    paths = make_parts(folder, MP3_MONO, lengths, seed=seed)
    return [Recording(path, length) for path, length in zip(paths, lengths, strict=True)]


def summed_up(rounds: Sequence[dict[str, Round]]) -> list[Measured]:
    return [_measured(way, rounds) for way in rounds[0]]


def _measured(way: str, rounds: Sequence[dict[str, Round]]) -> Measured:
    mine = [one[way] for one in rounds]
    return Measured(
        way=way,
        rate=spread([one.rate for one in mine]),
        took_s=spread([one.took_s for one in mine]),
        times=spread([one["longhand"].rate / one[way].rate for one in rounds]),
        memory_mb=max(one.memory_mb for one in mine),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2, help="processes of Longhand")
    parser.add_argument("--celery", type=int, default=40, help="recordings that plain Celery gets")
    parser.add_argument("--sdk", type=int, default=20, help="recordings that the script on the SDK gets")
    parser.add_argument("--sdk-seconds", type=float, default=60, help="how long each of them is")
    options = parser.parse_args()
    before = load()
    answers: dict[str, object] = {"speed": SPEED, "latency_ms": LATENCY_MS}
    with running_stack(workers=options.workers, answers=answers, permits=PERMITS, sessions=PERMITS) as stack:
        rounds = [run_round(stack, options, number) for number in range(options.rounds)]
    found = summed_up(rounds)
    show(
        ["audio s a second", "rate", "took s", "longhand is times", "memory MB"],
        [(one.way, one.rate, one.took_s, one.times, one.memory_mb or "") for one in found],
    )
    ours = [one["longhand"] for one in rounds]
    without = spread([one.use_without_upload for one in ours])
    print(f"Share of the ideal: {spread([one.use for one in ours])}; of one without upload: {without}.")
    keep("session_use", {"options": vars(options), "ways": found, "rounds": rounds}, before)


if __name__ == "__main__":
    main()
