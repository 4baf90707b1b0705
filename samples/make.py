#!/usr/bin/env python3
"""Make the sample recordings, their texts and the times of their words.

Needs Debian's `flite` (voices rms, slt and awb) and an ffmpeg with libopus, AAC and MP3 encoders; the results are
committed, so only who changes a text runs it:    python samples/make.py

Word times come from flite's own phones (`-psdur`): a word's phones are counted by speaking it alone, then taken in
order from the sentence. An encoder may shift all of a file's times by some hundredths of a second.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
RATE = 16_000
SEED = 7  # of the room noise: the same recordings each time
NOISE_LEVEL = 6.0  # of 32,768: about -75 dBFS, as a quiet room


@dataclass(frozen=True)
class Line:
    """A sentence: who says it, on which channel, after which pause."""

    text: str
    voice: str
    pause_ms: int = 600
    channel: int = 0


@dataclass(frozen=True)
class Sample:
    name: str
    encoder: tuple[str, ...]
    lines: tuple[Line, ...]
    tail_ms: int = 800

    @property
    def channels(self) -> int:
        return 1 + max(line.channel for line in self.lines)


def _speech(voice: str, *texts: str, pause_ms: int = 600) -> tuple[Line, ...]:
    return tuple(Line(text, voice, pause_ms) for text in texts)


def _caller(text: str, pause_ms: int = 900) -> Line:
    return Line(text, "slt", pause_ms, channel=1)


def _agent(text: str, pause_ms: int = 900) -> Line:
    return Line(text, "rms", pause_ms, channel=0)


SAMPLES = (
    Sample(
        "river.wav",
        ("-c:a", "pcm_s16le"),
        _speech(
            "rms",
            "The river was high in the spring of that year.",
            "My father worked on the old bridge and we lived in a small house near the water.",
            "Every morning he walked to the station before the sun came up.",
            "When the snow melted the road was closed for three weeks.",
            "People came from the city to see the new bridge.",
            "I remember the day when the first train crossed the river.",
            "Everybody in the village stood in the rain to watch it.",
        ),
    ),
    Sample(
        "market.mp3",
        ("-ar", "44100", "-ac", "2", "-c:a", "libmp3lame", "-b:a", "96k"),
        _speech(
            "slt",
            "Good evening, and welcome to the business news.",
            "The price of oil fell again today after a long meeting of the producers.",
            "Markets in Europe closed higher for the third day in a row.",
            "The government said that the new tax will begin in January.",
            "A large company plans to open two factories and to hire six hundred people.",
            "The weather will be cold and dry for the rest of the week.",
        ),
    ),
    Sample(
        "council.m4a",
        ("-c:a", "aac", "-b:a", "64k"),
        _speech(
            "awb",
            "The meeting of the city council is now open.",
            "The first question is the plan for the public library.",
            "We have received more than forty letters from the people of the town.",
            "Most of them would like the library to stay open on Sunday.",
            "The second question is the money for the school.",
            "I would like to hear from the members before we vote.",
            pause_ms=800,
        ),
    ),
    Sample(
        "call.ogg",
        ("-c:a", "libopus", "-b:a", "40k"),
        (
            _agent("Thank you for calling, how can I help you today?", 400),
            _caller("Hello, I am calling about an order that I made last week."),
            _agent("I am sorry to hear that there is a problem, can you give me your name?"),
            _caller("My name is Mary Johnson, and I live in the north of the city."),
            _agent("One moment please, I will look for your order in the system."),
            _agent("Thank you for waiting, the order was sent on Monday morning.", 7_000),
            _caller("I was at home all day, but nobody came to the door."),
            _agent("I will send it again tomorrow, and you will not have to pay for it.", 5_000),
            _caller("That is very kind, thank you for your help."),
        ),
        tail_ms=3_000,
    ),
)


def main() -> None:
    ffmpeg = shutil.which("ffmpeg") or _bundled_ffmpeg()
    for sample in SAMPLES:
        audio, words = render(sample)
        encode(ffmpeg, sample, audio)
        stem = HERE / Path(sample.name).stem
        stem.with_suffix(".txt").write_text("\n".join(line.text for line in sample.lines) + "\n")
        stem.with_suffix(".words.json").write_text(_as_json(words))
        print(f"{sample.name}: {len(audio) / RATE:.1f} s, {len(words)} words", file=sys.stderr)


def render(sample: Sample) -> tuple[NDArray[np.int16], list[dict[str, object]]]:
    """The sample's frames (n, channels) and its words with their times."""
    pieces: list[NDArray[np.int16]] = []
    words: list[dict[str, object]] = []
    at = 0
    for line in sample.lines:
        at += _add(pieces, _silence(line.pause_ms, sample.channels))
        spoken, phones = say(line)
        words += list(word_times(line, phones, at * 1000 // RATE))
        at += _add(pieces, _on_channel(spoken, line.channel, sample.channels))
    _add(pieces, _silence(sample.tail_ms, sample.channels))
    return _with_room_noise(np.concatenate(pieces)), words


def say(line: Line) -> tuple[NDArray[np.int16], list[tuple[str, int]]]:
    """One line's samples, and its phones with their ends in ms."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        printed = _flite(line.voice, line.text, "-psdur", "-o", str(path))
        with wave.open(str(path)) as file:
            spoken = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    phones = [(name, round(float(end) * 1000)) for name, end in (pair.split(":") for pair in printed.split())]
    return spoken, phones


def word_times(line: Line, phones: list[tuple[str, int]], offset_ms: int) -> Iterator[dict[str, object]]:
    """Each word of the line with [start_ms, end_ms) in the sample."""
    starts = [0, *(end for _, end in phones)]
    spoken = [(name, start, end) for (name, end), start in zip(phones, starts, strict=False) if name != "pau"]
    for word in line.text.split():
        count = len([name for name in _flite(line.voice, word, "-ps", "-o", "none").split() if name != "pau"])
        own, spoken = spoken[:count], spoken[count:]
        yield {
            "word": word.strip(".,?!").lower(),
            "channel": line.channel,
            "start_ms": offset_ms + own[0][1],
            "end_ms": offset_ms + own[-1][2],
        }
    if spoken:
        raise SystemExit(f"the phones of {line.text!r} do not fit its words: say it with other words")


def encode(ffmpeg: str, sample: Sample, audio: NDArray[np.int16]) -> None:
    raw = ("-f", "s16le", "-ar", str(RATE), "-ac", str(sample.channels), "-i", "pipe:0")
    quiet = ("-hide_banner", "-loglevel", "error", "-y", "-fflags", "+bitexact", "-flags:a", "+bitexact")
    target = str(HERE / sample.name)
    subprocess.run(
        [ffmpeg, *raw, *quiet, "-map_metadata", "-1", *sample.encoder, target], input=audio.tobytes(), check=True
    )


def _add(pieces: list[NDArray[np.int16]], piece: NDArray[np.int16]) -> int:
    pieces.append(piece)
    return len(piece)


def _silence(length_ms: int, channels: int) -> NDArray[np.int16]:
    return np.zeros((length_ms * RATE // 1000, channels), np.int16)


def _on_channel(spoken: NDArray[np.int16], channel: int, channels: int) -> NDArray[np.int16]:
    frames = np.zeros((len(spoken), channels), np.int16)
    frames[:, channel] = spoken
    return frames


def _with_room_noise(audio: NDArray[np.int16]) -> NDArray[np.int16]:
    noise = np.random.default_rng(SEED).normal(0, NOISE_LEVEL, audio.shape)
    return np.clip(audio + noise, -32_768, 32_767).astype(np.int16)


def _as_json(words: list[dict[str, object]]) -> str:
    return "[\n" + ",\n".join(json.dumps(word) for word in words) + "\n]\n"


def _flite(voice: str, text: str, *options: str) -> str:
    command = ["flite", "-voice", voice, "-t", text, *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _bundled_ffmpeg() -> str:
    import imageio_ffmpeg  # noqa: PLC0415  # only where no ffmpeg is installed

    return str(imageio_ffmpeg.get_ffmpeg_exe())


if __name__ == "__main__":
    main()
