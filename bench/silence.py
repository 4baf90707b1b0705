"""A call in stereo with silence in each channel: what is sent of it, beside both channels sent whole.

Two speakers take turns and talk into one another's ends; what they say is known (samples/). The share of silence is
that of the pauses between a speaker's turns; breaths between sentences, 0.6 s long, come on top of it. Sent whole means
the same cuts, but each piece reaches to the next one's middle of the pause, so that all silence is sent. Both ways are
recognised by PocketSphinx as the local service sets it up. The aim: at most 0.70 of the seconds, and no more errors.

Run: python -m bench.silence [--turns 6] [--silence 0.4] [--processes 2]
"""

import argparse
import os
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice, pairwise
from pathlib import Path

import numpy as np

from bench.raw_decoders import alike, recognise_all
from bench.report import keep, load, show
from bench.spoken import PER_MS, Sentence, Spoken, say, sentences
from worker.audio.windows import AudioLimits, open_audio
from worker.results.word_errors import Edits, edits_between
from worker.split.cutting import cut
from worker.split.presets import PRESETS
from worker.split.spans import Span
from worker.states import Channels, Segmentation

TURN = 3  # sentences
BREATH_MS = 600  # between the sentences of a turn
LIMIT_MS = 60_000


@dataclass(frozen=True)
class Measured:
    """``sent_s`` of audio, both channels together."""

    way: str
    pieces: int
    sent_s: float
    share: float
    errors: Edits


def speaker(said: Sequence[Sentence], turns: int, silence: float, *, first_ms: int, seed: int) -> Spoken:
    """So many turns, with pauses between them that make this share of the channel. Breaths in a turn do not count."""
    parts = list(islice(cycle(said), turns * TURN))
    breaths_ms = turns * (TURN - 1) * BREATH_MS
    turns_ms = sum(part.words[-1].end_ms - part.words[0].start_ms for part in parts) + breaths_ms
    pause_ms = int((turns_ms * silence / (1 - silence) - first_ms) / (turns - 1))
    pauses = [first_ms, BREATH_MS, BREATH_MS, *((turns - 1) * [pause_ms, BREATH_MS, BREATH_MS])]
    return say(parts, pauses, seed=seed)


def write_call(path: Path, speakers: Sequence[Spoken]) -> None:
    length = max(len(one.audio) for one in speakers)
    channels = [np.pad(one.audio, (0, length - len(one.audio))) for one in speakers]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(PER_MS * 1000)
        file.writeframes(np.stack(channels, axis=1).astype("<i2").tobytes())


def spans_of(path: Path) -> tuple[list[Span], int]:
    """What a worker would send, and the recording's length in ms."""
    with open_audio(path, AudioLimits(max_duration_ms=24 * 3_600_000)) as decoding:
        preset = PRESETS[Segmentation.DOCUMENT]
        pieces = cut(decoding, channels=Channels.AUTO, preset=preset, segment_limit_ms=LIMIT_MS)
        return [piece.span for piece in pieces], decoding.duration_ms


def whole(spans: Sequence[Span], length_ms: int) -> list[Span]:
    """The same cuts of one channel, with all the silence between them."""
    cuts = [0, *((before.end_ms + after.start_ms) // 2 for before, after in pairwise(spans)), length_ms]
    return [Span(spans[0].channel, start, end) for start, end in pairwise(cuts)]


def measure(way: str, spans: Sequence[Span], speakers: Sequence[Spoken], processes: int) -> Measured:
    pcm = [speakers[span.channel].audio[span.start_ms * PER_MS : span.end_ms * PER_MS].tobytes() for span in spans]
    texts = recognise_all(pcm, alike, processes).texts
    errors = Edits()
    for channel, one in enumerate(speakers):
        heard = " ".join(text for span, text in zip(spans, texts, strict=True) if span.channel == channel)
        errors += edits_between(one.text, heard)
    sent_s = sum(span.end_ms - span.start_ms for span in spans) / 1000
    length_s = len(speakers) * max(one.length_ms for one in speakers) / 1000
    return Measured(way, len(spans), sent_s, sent_s / length_s, errors)


def in_words(errors: Edits) -> str:
    return f"{errors.rate or 0:.1%} ({errors.count} of {errors.words})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=6, help="of each speaker")
    parser.add_argument("--silence", type=float, default=0.4, help="share of each channel")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    before = load()
    voices = [sentences("river.wav") + sentences("council.m4a"), sentences("market.mp3")]
    speakers = [
        speaker(said, options.turns, options.silence, first_ms=500 + 6_000 * channel, seed=channel)
        for channel, said in enumerate(voices)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "call.wav"
        write_call(path, speakers)
        spans, length_ms = spans_of(path)
    alone = [[span for span in spans if span.channel == channel] for channel in range(len(speakers))]
    all_of_it = [span for mine in alone for span in whole(mine, length_ms)]
    found = [
        measure("longhand", spans, speakers, options.processes),
        measure("both channels whole", all_of_it, speakers, options.processes),
    ]
    silent = [round(one.silence_share, 2) for one in speakers]
    show(
        ["", "pieces", "s sent", "share", "word errors"],
        [(one.way, one.pieces, f"{one.sent_s:.1f}", f"{one.share:.2f}", in_words(one.errors)) for one in found],
    )
    print(
        f"Silence by channel, breaths included: {silent}; sent: {found[0].sent_s / found[1].sent_s:.2f} of the whole."
    )
    keep("silence", {"silence": silent, "ways": found}, before)


if __name__ == "__main__":
    main()
