"""Where recordings are cut, by speech whose words are known with their times, beside pydub's `split_on_silence`.

The samples' sentences follow one another with pauses drawn from 50 to 800 ms. A cut is inside a word where it lies more
than 40 ms from both of its ends, which is what an encoder may shift a file's times by. It had a choice where a pause
of 200 ms between two words lay within its reach: between the place from which the preset looks for one and its limit.
Errors in words are PocketSphinx's, set up as the local service sets it up, and over the pieces beside the speech
uncut. The aim: no cut inside a word that had a choice, and at most one point more errors than uncut.

Run: python -m bench.cuts [--minutes 4] [--recordings 8] [--heard 1] [--processes 2]
"""

import argparse
import os
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, pairwise
from pathlib import Path

from pydub.silence import detect_nonsilent

from bench.pydub_way import LIMIT_MS, load_audio
from bench.raw_decoders import alike, recognise_all
from bench.report import keep, load, show
from bench.silence import in_words, write_call
from bench.spoken import PER_MS, Spoken, say, sentences
from worker.audio.windows import AudioLimits, open_audio
from worker.results.word_errors import Edits, edits_between
from worker.split.cutting import cut
from worker.split.presets import PRESETS
from worker.states import Channels, Segmentation

PAUSES_MS = (50, 100, 150, 200, 250, 300, 500, 800)
SHIFT_MS = 40
PAUSE_MS = 200
KEEP_MS = 300  # of the silence around a piece of pydub's, on each side
VOICES = ("river.wav", "market.mp3", "council.m4a", "call.ogg")

Piece = tuple[int, int]  # start and end in ms


@dataclass(frozen=True)
class Measured:
    """``inside``: cuts inside a word; ``avoidable``: those of them that had a pause of 200 ms within reach."""

    way: str
    pieces: int
    longest_s: float
    inside: int
    avoidable: int
    errors: Edits | None


def longhand(path: Path, segmentation: Segmentation) -> list[Piece]:
    with open_audio(path, AudioLimits(max_duration_ms=24 * 3_600_000)) as decoding:
        preset = PRESETS[segmentation]
        pieces = cut(decoding, channels=Channels.MIX, preset=preset, segment_limit_ms=60_000)
        return [(piece.span.start_ms, piece.span.end_ms) for piece in pieces]


def pydubs(path: Path) -> list[Piece]:
    """What `split_on_silence` does, with the times of the pieces; those that are too long for a service are cut on."""
    audio = load_audio(path)
    spoken = detect_nonsilent(audio, min_silence_len=700, silence_thresh=audio.dBFS - 16)
    middles = [(before[1] + after[0]) // 2 for before, after in pairwise(spoken)]
    starts, ends = [0, *middles], [*middles, len(audio)]
    kept = [
        (max(start - KEEP_MS, low), min(end + KEEP_MS, high))
        for (start, end), low, high in zip(spoken, starts, ends, strict=True)
    ]
    return [(at, min(at + LIMIT_MS, end)) for start, end in kept for at in range(start, end, LIMIT_MS)]


WAYS: dict[str, Callable[[Path], list[Piece]]] = {
    "longhand, document": lambda path: longhand(path, Segmentation.DOCUMENT),
    "longhand, subtitles": lambda path: longhand(path, Segmentation.SUBTITLES),
    "pydub split_on_silence": pydubs,
}
REACH_MS = {  # where the way may look for a pause, from a piece's start
    "longhand, document": (PRESETS[Segmentation.DOCUMENT].soft_ms, PRESETS[Segmentation.DOCUMENT].limit_ms),
    "longhand, subtitles": (PRESETS[Segmentation.SUBTITLES].soft_ms, PRESETS[Segmentation.SUBTITLES].limit_ms),
    "pydub split_on_silence": (0, LIMIT_MS),
}


def inside(spoken: Spoken, at_ms: int) -> bool:
    return any(word.start_ms + SHIFT_MS < at_ms < word.end_ms - SHIFT_MS for word in spoken.words)


def had_a_choice(spoken: Spoken, piece: Piece, reach_ms: tuple[int, int]) -> bool:
    """Whether the piece could have ended in a pause."""
    first, last = piece[0] + reach_ms[0], piece[0] + reach_ms[1]
    pauses = [(one.end_ms, two.start_ms) for one, two in pairwise(spoken.words)]
    return any(end - start >= PAUSE_MS and first <= (start + end) // 2 <= last for start, end in pauses)


def wrong_cuts(spoken: Spoken, pieces: Sequence[Piece], reach_ms: tuple[int, int]) -> tuple[int, int]:
    """Cuts inside a word, and those of them that had a choice: behind left-out silence each beginning had one."""
    ends = [piece for piece in pieces if inside(spoken, piece[1])]
    begins = [after for before, after in pairwise(pieces) if after[0] > before[1] and inside(spoken, after[0])]
    chosen = [piece for piece in ends if had_a_choice(spoken, piece, reach_ms)]
    return len(ends) + len(begins), len(chosen) + len(begins)


def speech(minutes: float, seed: int) -> Spoken:
    """Sentences of all voices in any order."""
    dice = random.Random(seed)
    known = [sentence for name in VOICES for sentence in sentences(name)]
    dice.shuffle(known)
    length_ms = sum(part.words[-1].end_ms for part in known) / len(known)
    parts = list(islice(cycle(known), max(2, int(minutes * 60_000 / length_ms))))
    return say(parts, [dice.choice(PAUSES_MS) for _ in parts], seed=seed)


def measure(way: str, said: Sequence[Spoken], paths: Sequence[Path], heard: int, processes: int) -> Measured:
    """``heard``: of how many recordings the errors are counted."""
    cuts = [WAYS[way](path) for path in paths]
    wrong = [wrong_cuts(one, pieces, REACH_MS[way]) for one, pieces in zip(said, cuts, strict=True)]
    return Measured(
        way=way,
        pieces=sum(map(len, cuts)),
        longest_s=max(end - start for pieces in cuts for start, end in pieces) / 1000,
        inside=sum(all_of_them for all_of_them, _ in wrong),
        avoidable=sum(had_a_choice for _, had_a_choice in wrong),
        errors=errors_of(said[:heard], cuts[:heard], processes),
    )


def errors_of(said: Sequence[Spoken], cuts: Sequence[Sequence[Piece]], processes: int) -> Edits | None:
    if not said:
        return None
    pcm = [
        one.audio[a * PER_MS : b * PER_MS].tobytes() for one, pieces in zip(said, cuts, strict=True) for a, b in pieces
    ]
    texts = iter(recognise_all(pcm, alike, processes).texts)
    errors = Edits()
    for one, pieces in zip(said, cuts, strict=True):
        errors += edits_between(one.text, " ".join(next(texts) for _ in pieces))
    return errors


def _in_words(errors: Edits | None) -> str:
    return in_words(errors) if errors else "not counted"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=4, help="of speech in a recording")
    parser.add_argument("--recordings", type=int, default=8)
    parser.add_argument("--heard", type=int, default=1, help="recordings whose errors in words are counted")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    before = load()
    said = [speech(options.minutes, seed) for seed in range(options.recordings)]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.wav" for number in range(len(said))]
        for path, one in zip(paths, said, strict=True):
            write_call(path, [one])
        found = [measure(way, said, paths, options.heard, options.processes) for way in WAYS]
    uncut = errors_of(said[: options.heard], [[(0, one.length_ms)] for one in said[: options.heard]], options.processes)
    show(
        ["", "pieces", "longest s", "cuts inside a word", "of these avoidable", "word errors"],
        [(one.way, one.pieces, one.longest_s, one.inside, one.avoidable, _in_words(one.errors)) for one in found]
        + [("uncut", options.heard, "", "", "", _in_words(uncut))],
    )
    keep("cuts", {"options": vars(options), "ways": found, "uncut": uncut}, before)


if __name__ == "__main__":
    main()
