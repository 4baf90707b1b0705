"""Sounds for tests: samples made with numpy, files written with `wave` or with ffmpeg."""

import subprocess
import wave
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worker.audio.windows import AudioLimits, AudioSegment, find_ffmpeg, make_audio, open_audio

Samples = NDArray[np.int16]
RATE = 16_000
# 1.5 s of AMR at 12.2 kbit/s (RFC 4867, 5), which few builds of ffmpeg can write
AMR = b"#!AMR\n" + 75 * (b"\x3c" + bytes(31))
LIMITS = AudioLimits(max_duration_ms=3_600_000, stall_s=20)


def tone(ms: int, *, hz: float = 440, dbfs: float = -12, rate: int = RATE) -> Samples:
    """A sine of this RMS level."""
    times = np.arange(ms * rate // 1000) / rate
    return (np.sin(2 * np.pi * hz * times) * 2**0.5 * 32767 * 10 ** (dbfs / 20)).astype(np.int16)


def noise(ms: int, *, dbfs: float = -20, seed: int = 1, rate: int = RATE) -> Samples:
    """White noise of this RMS level."""
    scale = 32767 * 10 ** (dbfs / 20)
    drawn = np.random.default_rng(seed).normal(0, scale, ms * rate // 1000)
    return np.clip(drawn, -32768, 32767).astype(np.int16)


def silence(ms: int, *, rate: int = RATE) -> Samples:
    return np.zeros(ms * rate // 1000, dtype=np.int16)


def talk(*parts: tuple[int, int], dbfs: float = -18) -> Samples:
    """Speech-like bursts: (sound in ms, silence in ms behind it), the sound in syllables of 200 ms."""
    pieces = []
    for index, (sound_ms, pause_ms) in enumerate(parts):
        syllables = np.abs(np.sin(np.arange(sound_ms * RATE // 1000) * np.pi / (0.2 * RATE))) * 0.8 + 0.2
        pieces += [(noise(sound_ms, dbfs=dbfs, seed=index) * syllables).astype(np.int16), silence(pause_ms)]
    return np.concatenate(pieces)


def music(ms: int, *, dbfs: float = -18, seed: int = 1) -> Samples:
    """A melody over chords: plucked notes with five overtones, a quarter of a second each."""
    drawn, length = np.random.default_rng(seed), RATE // 4
    times = np.arange(length) / RATE
    notes = [_note(220 * 2 ** (step / 12), times) for step in drawn.integers(0, 24, ms // 250 + 1)]
    chord = [sum(_note(hz, times) for hz in (110, 138.6, 164.8)) for _ in notes]
    played = np.concatenate(notes)[: ms * RATE // 1000] + 0.5 * np.concatenate(chord)[: ms * RATE // 1000]
    loud = played / np.sqrt(np.mean(played**2)) * 32767 * 10 ** (dbfs / 20)
    samples: Samples = np.clip(loud, -32768, 32767).astype(np.int16)
    return samples


def _note(hz: float, times: NDArray[np.float64]) -> NDArray[np.float64]:
    overtones = np.arange(1, 6)[:, np.newaxis]
    sounded: NDArray[np.float64] = (np.sin(2 * np.pi * hz * overtones * times) / overtones).sum(axis=0)
    return sounded * np.exp(-8 * times)


def read_samples(path: Path) -> Samples:
    """The samples of a WAV at 16 kHz, mono."""
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def audio(*channels: Samples) -> AudioSegment:
    """An AudioSegment of one or more channels."""
    return make_audio(np.stack(channels, axis=1).astype("<i2").tobytes(), len(channels))


def write_wav(path: Path, *channels: Samples, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.stack(channels, axis=1).astype("<i2").tobytes())
    return path


@cache
def ffmpeg() -> Path:
    return find_ffmpeg()


def run_ffmpeg(*arguments: str | Path) -> None:
    command = [str(ffmpeg()), "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=60)


def encode(target: Path, *channels: Samples, options: Sequence[str] = (), rate: int = RATE) -> Path:
    """The sound in the format of the target's ending."""
    source = write_wav(target.with_name(target.name + ".source.wav"), *channels, rate=rate)
    run_ffmpeg("-i", source, *options, target)
    source.unlink()
    return target


def decode_all(path: Path, limits: AudioLimits = LIMITS) -> tuple[list[AudioSegment], int, int]:
    """All windows, the channels, and the duration in ms."""
    with open_audio(path, limits) as decoding:
        windows = list(decoding)
        return windows, decoding.channels, decoding.duration_ms
