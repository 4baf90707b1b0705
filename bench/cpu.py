"""Processor seconds that a worker spends on an hour of audio, all in, beside ffmpeg alone on the same file.

All in: decode, split, digest, base64, send, store, by a whole stack; the local service's own time does not count. A
worker's few processor seconds while it has no job are measured too and shown, not taken off. ffmpeg alone decodes to
16 kHz mono and throws it away. The two take turns. The aim: 1.7 times ffmpeg for MP3 and AAC, 4 s for WAV.

Run: python -m bench.cpu [--minutes 60] [--rounds 3] [--forms MP3 WAV]
"""

import argparse
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.recordings import FORMS, Form, make_speech
from bench.report import Spread, keep, load, show, spread
from bench.stack import Stack, running_stack
from worker.audio.ffmpeg import find_ffmpeg

IDLE_S = 5.0


@dataclass(frozen=True)
class Measured:
    """Processor seconds an hour of audio; ``times`` of ffmpeg alone in the same round; ``wall_s`` of a job."""

    form: str
    ffmpeg: Spread
    worker: Spread
    times: Spread
    wall_s: Spread


@dataclass(frozen=True)
class Round:
    ffmpeg_s: float
    worker_s: float
    wall_s: float


def measure(stack: Stack, name: str, minutes: float, rounds: int) -> Measured:
    hours = minutes / 60
    runs = [_round(stack, FORMS[name], minutes, number) for number in range(rounds)]
    return Measured(
        form=name,
        ffmpeg=spread([run.ffmpeg_s / hours for run in runs]),
        worker=spread([run.worker_s / hours for run in runs]),
        times=spread([run.worker_s / run.ffmpeg_s for run in runs]),
        wall_s=spread([run.wall_s for run in runs]),
    )


def _round(stack: Stack, form: Form, minutes: float, number: int) -> Round:
    """Each round has a recording of its own: the same one again would be answered from what is stored."""
    path = make_speech(stack.folder / f"{number}.{form.ending}", form, minutes * 60, seed=number + 1)
    ffmpeg_s = ffmpeg_alone_s(path)
    worker_s, wall_s = _work_s(stack, path)
    path.unlink()
    return Round(ffmpeg_s, worker_s, wall_s)


def ffmpeg_alone_s(path: Path) -> float:
    """Its processor seconds; with one thread, as a worker runs it."""
    quiet = ["-nostdin", "-v", "error", "-y", "-threads", "1", "-filter_threads", "1"]
    before = os.times()
    decode = ["-i", str(path), "-ac", "1", "-ar", "16000", "-f", "s16le", os.devnull]
    subprocess.run([str(find_ffmpeg()), *quiet, *decode], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _work_s(stack: Stack, path: Path) -> tuple[float, float]:
    before, began, done = stack.cpu_s("worker"), time.monotonic(), sum(stack.ended().values())
    stack.submit([path])
    stack.wait_for_jobs(done + 1)
    return stack.cpu_s("worker") - before, time.monotonic() - began


def idle_s(stack: Stack) -> float:
    """Processor seconds that a worker without a job takes in a minute."""
    time.sleep(IDLE_S)  # it has just started
    before = stack.cpu_s("worker")
    time.sleep(IDLE_S)
    return (stack.cpu_s("worker") - before) * 60 / IDLE_S


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--forms", nargs="+", default=[""], help="first words of the forms; all unless given")
    options = parser.parse_args()
    before = load()
    names = [name for name in FORMS if name.startswith(tuple(options.forms))]
    with running_stack() as stack:
        idle = idle_s(stack)
        found = [measure(stack, name, options.minutes, options.rounds) for name in names]
    show(
        ["CPU s an hour of audio", "ffmpeg alone", "worker, all in", "times ffmpeg", "s for a job"],
        [(one.form, one.ffmpeg, one.worker, one.times, one.wall_s) for one in found],
    )
    print(f"A worker without a job takes {idle:.1f} s a minute.")
    keep("cpu", {"minutes": options.minutes, "idle_s_a_minute": idle, "forms": found}, before)


if __name__ == "__main__":
    main()
