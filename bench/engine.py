"""The embedded engine through a whole stack, beside two raw decoders over the same segments.

Longhand: recordings in, transcripts out, with the local service's two PocketSphinx processes. Raw: as many processes
that decode the segments which Longhand stored, with nothing around them, set up as ours are; and once more with
PocketSphinx's own defaults. The ways take turns. The aim: 0.93 of the throughput of decoders set up alike.
Beside it, the processor time that each part of the stack took of what the cores had meanwhile.

Run: python -m bench.engine [--minutes 3] [--rounds 3] [--processes 2]
"""

import argparse
import os
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from bench.raw_decoders import alike, plain, recognise_all
from bench.recordings import WAV, make_parts
from bench.report import Spread, keep, load, show, spread
from bench.stack import Stack, cpu_s_of, running_stack
from worker.models import Segment

RECORDINGS = 6
MODEL = "pocketsphinx-en-us"
BYTES_PER_MS = 32
PARTS = ("worker", "dispatcher", "api")


@dataclass(frozen=True)
class Measured:
    """Seconds of audio a second; ``share``: Longhand's rate as a share of this way's, round by round."""

    way: str
    rate: Spread
    share: Spread


@dataclass(frozen=True)
class Round:
    """``audio_s`` is what the segments hold, ``used_s`` the processor time of each part of Longhand's stack."""

    audio_s: float
    took_s: dict[str, float]
    used_s: dict[str, float]

    def rate(self, way: str) -> float:
        """Seconds of audio a second."""
        return self.audio_s / self.took_s[way]


def longhand(stack: Stack, paths: Sequence[Path]) -> tuple[float, list[bytes]]:
    """Seconds, and the audio of the segments that were sent."""
    done, began = sum(stack.ended().values()), time.monotonic()
    jobs = stack.submit(paths)
    stack.wait_for_jobs(done + len(paths))
    took_s = time.monotonic() - began
    return took_s, [pcm for job, path in zip(jobs, paths, strict=True) for pcm in segments_of(stack, job, path)]


def cpu_s(stack: Stack) -> dict[str, float]:
    """Processor seconds so far, by part; of the recognisers apart from the service that they are children of."""
    recognisers = sum(cpu_s_of(child) for child in stack.service.children())
    service = cpu_s_of(stack.service) - recognisers
    return {"recognisers": recognisers, "service": service, **{part: stack.cpu_s(part) for part in PARTS}}


def segments_of(stack: Stack, job: str, path: Path) -> list[bytes]:
    with wave.open(str(path)) as file:
        pcm = file.readframes(file.getnframes())
    spans = select(Segment.start_ms, Segment.end_ms).where(Segment.job_id == job).order_by(Segment.start_ms)
    with stack.database.reading() as session:
        return [pcm[start * BYTES_PER_MS : end * BYTES_PER_MS] for start, end in session.execute(spans)]


def run_round(stack: Stack, minutes: float, processes: int, number: int) -> Round:
    """Each way over the same segments."""
    paths = make_parts(stack.folder / str(number), WAV, RECORDINGS * [minutes * 60 / RECORDINGS], seed=number + 1)
    before = cpu_s(stack)
    took_s, segments = longhand(stack, paths)
    used = {part: used_s - before[part] for part, used_s in cpu_s(stack).items()}
    audio_s = sum(map(len, segments)) / BYTES_PER_MS / 1000
    took = {
        "longhand": took_s,
        "raw decoders, set up alike": recognise_all(segments, alike, processes).took_s,
        "raw decoders, as they come": recognise_all(segments, plain, processes).took_s,
    }
    return Round(audio_s, took, used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    before = load()
    answers: dict[str, object] = {"engine": "pocketsphinx", "processes": options.processes}
    with running_stack(answers=answers, model=MODEL) as stack:
        longhand(stack, make_parts(stack.folder / "warm", WAV, [5.0], seed=99))
        rounds = [run_round(stack, options.minutes, options.processes, number) for number in range(options.rounds)]
    found = [
        Measured(
            way,
            spread([one.rate(way) for one in rounds]),
            spread([one.rate("longhand") / one.rate(way) for one in rounds]),
        )
        for way in rounds[0].took_s
    ]
    used = {part: spread([one.used_s[part] for one in rounds]) for part in rounds[0].used_s}
    had = {way: spread([one.took_s[way] * options.processes for one in rounds]) for way in rounds[0].took_s}
    show(
        ["audio s a second", "rate", "longhand's share of it"],
        [(one.way, one.rate, one.share) for one in found],
    )
    show(["processor s a round", "of a core"], [*used.items(), *((f"all that {way} had", s) for way, s in had.items())])
    sizes = {"minutes": options.minutes, "processes": options.processes}
    keep("engine", {**sizes, "ways": found, "used_s": used, "had_s": had}, before)


if __name__ == "__main__":
    main()
