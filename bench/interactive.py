"""How soon an interactive job is heard while a campaign keeps every permit busy.

Two workers and a scripted service at 20 times real time. A campaign transcribes recordings of segments of 20 s in the
lane `bulk`, as many at once as there are permits. Meanwhile clips of 10 s come one by one in the lane `interactive`.
Measured is the time from a clip's request to the first of its audio in the service's own log, and the segments that the
service had at work at that request. The same clips with nothing else to do stand beside it. The aim: 2 s at the median.

Run: python -m bench.interactive [--clips 40] [--recordings 60] [--permits 16]
"""

import argparse
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from api.client.jobs import has_ended
from bench.report import Spread, keep, load, percentile, show, spread
from bench.stack import Stack, running_stack, until
from tests.fixtures.sounds import talk, write_wav
from tests.fixtures.stacks.ledger import ServiceLog
from worker.audio.windows import AudioLimits, open_audio
from worker.split.cutting import cut
from worker.split.presets import PRESETS
from worker.states import Channels, Segmentation

SPEED, SEGMENT_MS, CLIP_MS, GAP_MS = 20.0, 20_000, 10_000, 2_500
SEGMENTS = 12  # of a recording
PAUSE_S = 1.0  # between one clip's end and the next one
ARCHIVE = "archive"


@dataclass(frozen=True)
class Heard:
    """Seconds from each clip's request to its first audio; segments that were at work at the requests."""

    after_s: list[float]
    at_work: list[int]

    @property
    def spread(self) -> Spread:
        return spread(self.after_s)


def make_wav(path: Path, part_ms: int, parts: int, seed: int) -> Path:
    """Speech-like parts with silence that ends a segment behind each; another seed has other samples."""
    samples = talk(*[(part_ms, GAP_MS)] * parts)
    quiet = np.random.default_rng(seed).integers(-6, 7, len(samples))
    return write_wav(path, (samples + quiet).astype(np.int16))


def fill(stack: Stack, recordings: int) -> None:
    """Recordings that nobody has transcribed."""
    with stack.http() as http:
        for number in range(recordings):
            path = make_wav(stack.folder / f"{number}.wav", SEGMENT_MS, SEGMENTS, number)
            with path.open("rb") as file:
                http.post(f"/v1/archives/{ARCHIVE}/recordings", files={"file": (path.name, file)}).raise_for_status()
            path.unlink()


@contextmanager
def campaign(stack: Stack, log: ServiceLog, permits: int) -> Iterator[None]:
    """One that keeps all permits busy for the block's duration."""
    asked = {"name": "busy", "selection": {"archive": ARCHIVE}, "limits": {"parallel": 2 * permits}, "canary": 0}
    with stack.http() as http:
        http.post("/v1/campaigns", json=asked).raise_for_status()
        http.post("/v1/campaigns/busy/start", json={}).raise_for_status()
        until(lambda: log.read().in_work() >= permits)
        yield
        http.post("/v1/campaigns/busy/cancel", json={}).raise_for_status()


def hear(stack: Stack, log: ServiceLog, clips: int, *, seed: int) -> Heard:
    """Submit clips one after another."""
    after_s, at_work = [], []
    for number in range(clips):
        path = make_wav(stack.folder / f"clip-{seed + number}.wav", CLIP_MS, 1, seed + number)
        digest = first_digest(path)
        at_work.append(log.read().in_work())
        asked_s = time.time()
        wait_for_end(stack, stack.client.submit_file(path, {"lane": "interactive"}).id)
        after_s.append(begun_s(log, digest) - asked_s)
        time.sleep(PAUSE_S)
    return Heard(after_s, at_work)


def wait_for_end(stack: Stack, job_id: str) -> None:
    until(lambda: has_ended(stack.client.job(job_id)), 0.1)


def first_digest(path: Path) -> str:
    """SHA-256 of the clip's first segment, by which the service's log names it."""
    with open_audio(path, AudioLimits(max_duration_ms=60_000)) as decoding:
        preset = PRESETS[Segmentation.DOCUMENT]
        piece = next(iter(cut(decoding, channels=Channels.AUTO, preset=preset, segment_limit_ms=60_000)))
        return hashlib.sha256(piece.audio.raw_data).hexdigest()


def begun_s(log: ServiceLog, digest: str) -> float:
    """When the service had the first audio of this segment."""
    return min(item.begun_s for item in log.read().items.values() if item.sha256 == digest)


def main(clips: int, recordings: int, permits: int) -> None:
    before = load()
    settings = {"permits": permits, "sessions": permits, "jobs": 2 * permits}
    log_name = Path(f"/tmp/longhand-interactive-{time.time_ns()}.jsonl")  # noqa: S108  # beside the stack's own folder
    try:
        with running_stack(workers=2, answers={"speed": SPEED, "log": str(log_name)}, **settings) as stack:
            log = ServiceLog(log_name)
            alone = hear(stack, log, clips, seed=1_000_000)
            fill(stack, recordings)
            with campaign(stack, log, permits):
                busy = hear(stack, log, clips, seed=2_000_000)
    finally:
        log_name.unlink(missing_ok=True)
    rows = [(way, heard) for way, heard in (("a campaign at work", busy), ("nothing else", alone))]
    show(
        ["first audio after the request", "median (least–most), s", "p95, s", "segments at work, median (least)"],
        [
            [
                way,
                heard.spread,
                f"{percentile(heard.after_s, 95):.2f}",
                f"{median(heard.at_work)} ({min(heard.at_work)})",
            ]
            for way, heard in rows
        ],
    )
    keep("interactive", {"clips": clips, "permits": permits, **{way: vars(heard) for way, heard in rows}}, before)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--recordings", type=int, default=60)
    parser.add_argument("--permits", type=int, default=16)
    main(**vars(parser.parse_args()))
