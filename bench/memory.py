"""Peak memory of decoding and cutting: a process with its ffmpeg, for a short and a long MP3, beside pydub's way.

pydub holds a recording whole, several times over, so it gets the short ones only: 10 h would need some 18 GB.

Run: python -m bench.memory [--minutes 10 60 600] [--pydub 10 60]      the recordings are made for it and not kept
"""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.peak import peak_while
from bench.pydub_way import load_audio
from bench.recordings import long_recording
from bench.report import keep, load, show
from worker.audio.windows import AudioLimits, open_audio
from worker.split.cutting import cut
from worker.split.presets import PRESETS
from worker.states import Channels, Segmentation


@dataclass(frozen=True)
class Measured:
    """Peaks of the resident memory in MB, sampled each 20 ms: of the process, and of it with its children."""

    way: str
    minutes: int
    own_mb: float
    total_mb: float
    seconds: float


def ours(path: Path) -> None:
    """Decode and cut as a worker does, and drop each piece."""
    with open_audio(path, AudioLimits(max_duration_ms=24 * 3_600_000)) as decoding:
        preset = PRESETS[Segmentation.DOCUMENT]
        for _piece in cut(decoding, channels=Channels.AUTO, preset=preset, segment_limit_ms=60_000):
            pass


def pydubs(path: Path) -> None:
    """The whole file as one AudioSegment at 16 kHz, cut into pieces of 25 s."""
    whole = load_audio(path)
    for start in range(0, len(whole), 25_000):
        whole[start : start + 25_000]


WAYS = {"longhand": ours, "pydub": pydubs}


def measure(way: str, folder: Path, minutes: int) -> Measured:
    """Run one way in a process of its own and watch it."""
    path = long_recording(folder, minutes)
    started = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "bench.memory", "--child", way, str(path)]) as child:
        peak = peak_while(child.pid, lambda: child.poll() is None)
    if child.returncode:
        raise SystemExit(f"{way} ended with {child.returncode}")
    return Measured(way, minutes, peak.own_mb, peak.total_mb, round(time.monotonic() - started, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", nargs="+", type=int, default=[10, 60, 600])
    parser.add_argument("--pydub", nargs="+", type=int, default=[10, 60], help="minutes")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        WAYS[options.child[0]](Path(options.child[1]))
        return
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        ways = {"longhand": options.minutes, "pydub": options.pydub}
        results = [measure(way, Path(folder), minutes) for way in ways for minutes in ways[way]]
    show(
        ["", "minutes", "process MB", "with ffmpeg MB", "seconds"],
        [(one.way, one.minutes, one.own_mb, one.total_mb, one.seconds) for one in results],
    )
    keep("memory", {"results": results}, before)


if __name__ == "__main__":
    main()
