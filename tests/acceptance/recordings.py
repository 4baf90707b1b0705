"""Recordings for the tests with real processes: speech-like sound with pauses, in mixed formats, each one different.

A turn is about nine seconds of bursts; the two seconds of silence behind it end a segment.
"""

import subprocess
import wave
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worker.audio.windows import find_ffmpeg

RATE = 16_000
TURN_S = 9.0
SILENCE_S = 2.4
FORMATS = (  # the cheapest way to each: a run makes thousands
    ("wav", ()),
    ("mp3", ("-ar", "16000", "-b:a", "48k", "-compression_level", "9")),
    ("m4a", ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "48k")),
    ("ogg", ("-c:a", "libopus", "-b:a", "32k", "-compression_level", "0")),
    ("flac", ("-compression_level", "0")),
)
M4A = 2  # its place in the row


def write(folder: Path, number: int, turns: int, seed: int = 0) -> Path:
    """One recording; formats take turns by its number."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number:04d}.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(_talk(np.random.default_rng((seed, number)), turns).tobytes())
    ending, options = FORMATS[number % len(FORMATS)]
    return path if ending == "wav" else _encode(path, ending, options)


def write_truncated(folder: Path, number: int) -> Path:
    """An M4A whose index was cut off with its second half: accepted at the door, and never to be decoded."""
    whole = write(folder / "whole", 5 * number + M4A, 2)
    path = folder / f"bad-{number}.m4a"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    whole.unlink()
    return path


def _talk(rng: np.random.Generator, turns: int) -> NDArray[np.int16]:
    sound = np.concatenate([part for _ in range(turns) for part in (_turn(rng), _silence(SILENCE_S))])
    return (sound + rng.integers(-6, 7, len(sound))).astype(np.int16)


def _turn(rng: np.random.Generator) -> NDArray[np.int16]:
    pieces: list[NDArray[np.int16]] = []
    while sum(map(len, pieces)) < TURN_S * RATE:
        pieces += [_bursts()[rng.integers(len(_bursts()))], _silence(rng.uniform(0.2, 0.6))]
    return np.concatenate(pieces[:-1])


def _silence(length_s: float) -> NDArray[np.int16]:
    return np.zeros(int(length_s * RATE), np.int16)


@cache
def _bursts() -> list[NDArray[np.int16]]:
    rng = np.random.default_rng(0)
    return [(_burst(rng, rng.uniform(1.0, 3.0)) * 8000).astype(np.int16) for _ in range(32)]


def _burst(rng: np.random.Generator, length_s: float) -> NDArray[np.float64]:
    """A wandering tone with the harmonics of a voice."""
    at = np.arange(int(length_s * RATE)) / RATE
    pitch = rng.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(1, 3) * at))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = sum(np.sin(phase * harmonic) / harmonic for harmonic in range(1, 6))
    return np.asarray(voice * np.hanning(len(at)) ** 0.2 / 2, np.float64)


def _encode(source: Path, ending: str, options: tuple[str, ...]) -> Path:
    target = source.with_suffix(f".{ending}")
    quiet = ["-nostdin", "-loglevel", "error", "-y"]
    subprocess.run([str(find_ffmpeg()), *quiet, "-i", str(source), *options, str(target)], check=True)
    source.unlink()
    return target
