"""Speech whose words are known with their times: the samples' sentences, put together with pauses of any length."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.recordings import SAMPLES
from worker.audio.windows import AudioLimits, open_audio

PER_MS = 16
ROOM = 6.0  # of 32,768, as in the samples: about -75 dBFS
EDGE_MS = 150  # kept of the pause on each side of a sentence, so that no sound is lost

Samples = NDArray[np.int16]


@dataclass(frozen=True)
class Word:
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Sentence:
    """``audio`` begins and ends EDGE_MS beyond its words; their times count from its start."""

    text: str
    audio: Samples
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Spoken:
    """One channel of speech: its samples, its text, its words in order."""

    audio: Samples
    text: str
    words: tuple[Word, ...]

    @property
    def length_ms(self) -> int:
        return len(self.audio) // PER_MS

    @property
    def silence_share(self) -> float:
        return 1 - sum(word.end_ms - word.start_ms for word in self.words) / self.length_ms


def sentences(name: str) -> list[Sentence]:
    """All sentences of a sample, for example "river.wav"."""
    path = SAMPLES / name
    channels = _decode(path)
    words = json.loads(path.with_suffix(".words.json").read_text())
    lines = path.with_suffix(".txt").read_text().splitlines()
    return [_sentence(line, mine, channels) for line, mine in _grouped(lines, words)]


def say(parts: Sequence[Sentence], pauses_ms: Iterable[int], *, seed: int = 1) -> Spoken:
    """The sentences, each behind its pause, from the end of the last word to the next word; a room's noise below."""
    pieces: list[Samples] = []
    words: list[Word] = []
    at_ms = 0
    for part, pause_ms in zip(parts, pauses_ms, strict=False):
        edge_ms = min(EDGE_MS, pause_ms // 2)
        audio = _trimmed(part.audio, EDGE_MS - edge_ms)
        between = np.zeros((pause_ms - 2 * edge_ms) * PER_MS, np.int16)
        pieces += [between, audio]
        shift_ms = at_ms + len(between) // PER_MS - (EDGE_MS - edge_ms)
        words += [Word(word.start_ms + shift_ms, word.end_ms + shift_ms) for word in part.words]
        at_ms += (len(between) + len(audio)) // PER_MS
    text = "\n".join(part.text for part in parts)
    return Spoken(_with_noise(np.concatenate(pieces), seed), text, tuple(words))


def _decode(path: Path) -> list[Samples]:
    with open_audio(path, AudioLimits(max_duration_ms=3_600_000)) as decoding:
        pcm = b"".join(window.raw_data for window in decoding)
        frames = np.frombuffer(pcm, dtype="<i2").reshape(-1, decoding.channels)
    return [frames[:, channel] for channel in range(frames.shape[1])]


def _grouped(lines: Sequence[str], words: Sequence[dict[str, int]]) -> Iterator[tuple[str, Sequence[dict[str, int]]]]:
    at = 0
    for line in lines:
        count = len(line.split())
        yield line, words[at : at + count]
        at += count


def _sentence(text: str, words: Sequence[dict[str, int]], channels: Sequence[Samples]) -> Sentence:
    channel = channels[words[0]["channel"] if len(channels) > 1 else 0]
    start_ms, end_ms = words[0]["start_ms"] - EDGE_MS, words[-1]["end_ms"] + EDGE_MS
    times = tuple(Word(word["start_ms"] - start_ms, word["end_ms"] - start_ms) for word in words)
    return Sentence(text, channel[start_ms * PER_MS : end_ms * PER_MS], times)


def _trimmed(audio: Samples, edge_ms: int) -> Samples:
    return audio[edge_ms * PER_MS : len(audio) - edge_ms * PER_MS]


def _with_noise(audio: Samples, seed: int) -> Samples:
    """No two recordings have the same samples, however often they say the same."""
    room = np.random.default_rng(seed).normal(0, ROOM, len(audio))
    return np.clip(audio + room, -32_768, 32_767).astype(np.int16)
