"""Versions of a transcript side by side: how much they differ, in which words, and where most. Pure.

They are cut into passages at the times where none has a segment, so that words are compared with what was said at
the same time. Against a text of a person the rate is an error rate; between two machines it is a difference.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from worker.results.transcripts import join_texts
from worker.results.word_errors import Edits, edits_between
from worker.text_words import is_unspaced, words_of

View = dict[str, Any]
MOST_WORDS = 50  # of those that appeared and vanished
MOST_PASSAGES = 100


@dataclass
class Passage:
    """What each version says between two moments at which none says anything; ``end_ms`` is the latest segment's."""

    channel: int
    start_ms: int
    end_ms: int
    sides: tuple[list[View], ...]  # the segments of each version

    @property
    def old(self) -> list[View]:
        return self.sides[0]

    @property
    def new(self) -> list[View]:
        return self.sides[1]

    @property
    def texts(self) -> list[str]:
        return [join_texts(segment["text"] for segment in side) for side in self.sides]


def compare(old: Mapping[str, Any], new: Mapping[str, Any], *, old_is_human: bool = False) -> View:
    """``old`` and ``new`` are transcripts in their JSON form. The most different passages come first."""
    shown = [(_shown(passage, edits), edits) for passage, edits in counted_passages(old, new)]
    edits = reduce(add, (edits for _, edits in shown), Edits())
    before, after = word_counts(old), word_counts(new)
    different = sorted((one for one in shown if one[1].count), key=lambda one: (-one[1].count, one[0]["start_ms"]))
    return {
        "measure": "error" if old_is_human else "difference",
        "unit": unit_of(before),
        **numbers_of(edits),
        "length_ratio": after.total() / before.total() if before else None,
        "old": version_numbers(old),
        "new": version_numbers(new),
        "appeared": most_frequent(after - before, MOST_WORDS),
        "vanished": most_frequent(before - after, MOST_WORDS),
        "passages": [view for view, _ in different[:MOST_PASSAGES]],
        "passages_different": len(different),
        "passages_total": len(shown),
    }


def edits_by_time(old: Mapping[str, Any], new: Mapping[str, Any]) -> Edits:
    """The edits between two transcripts, passage by passage."""
    return reduce(add, (edits for _, edits in counted_passages(old, new)), Edits())


def counted_passages(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[Passage, Edits]]:
    """Each passage of two transcripts with its edits, in order of channel and time."""
    for passage in passages(old["segments"], new["segments"]):
        yield passage, edits_between(*passage.texts)


def passages(*versions: Sequence[View]) -> Iterator[Passage]:
    """In order of channel and time. Versions with other channels are compared as if they had one.

    Where one has no times at all, everything is one passage.
    """
    if any(map(_is_untimed, versions)):
        yield _whole(versions)
        return
    alike = len({frozenset(segment["channel"] for segment in version) for version in versions}) == 1
    marked = [(segment, side) for side, version in enumerate(versions) for segment in version]
    marked.sort(key=lambda one: (one[0]["channel"] * alike, one[0]["start_ms"], one[0]["end_ms"]))
    passage: Passage | None = None
    for segment, side in marked:
        channel = segment["channel"] * alike
        if passage is None or channel != passage.channel or segment["start_ms"] >= passage.end_ms:
            if passage is not None:
                yield passage
            passage = Passage(channel, segment["start_ms"], segment["end_ms"], tuple([] for _ in versions))
        passage.end_ms = max(passage.end_ms, segment["end_ms"])
        passage.sides[side].append(segment)
    if passage is not None:
        yield passage


def _is_untimed(version: Sequence[View]) -> bool:
    """Plain text that was brought before its recording was decoded is one segment without a length."""
    return len(version) == 1 and version[0]["end_ms"] <= version[0]["start_ms"]


def _whole(versions: Sequence[Sequence[View]]) -> Passage:
    end_ms = max(segment["end_ms"] for version in versions for segment in version)
    return Passage(0, 0, end_ms, tuple(list(version) for version in versions))


def word_counts(transcript: Mapping[str, Any]) -> Counter[str]:
    """How often each word is in it; a character is a word where a script has no spaces."""
    return Counter(words_of(transcript["text"]))


def unit_of(words: Counter[str]) -> str:
    """What is counted: words, or characters where most of them are."""
    return "characters" if 2 * sum(map(is_unspaced, words.elements())) > words.total() else "words"


def most_frequent(words: Counter[str], most: int) -> dict[str, int]:
    """The most frequent first; equals by the alphabet."""
    return dict(sorted(words.items(), key=lambda one: (-one[1], one[0]))[:most])


def numbers_of(edits: Edits) -> View:
    """Edits as JSON."""
    return {"rate": edits.rate, "edits": edits.count, **vars(edits)}


def version_numbers(transcript: Mapping[str, Any]) -> View:
    """What is counted of one version alone."""
    segments = transcript["segments"]
    return {
        "model": transcript["model"],
        "language": transcript["language"],
        "languages": _counted(one["language"] for one in segments if one["language"]),
        "words": len(words_of(transcript["text"])),
        "empty": sum(not one["text"].strip() for one in segments),
        "gaps": len(transcript["gaps"]),
        "flags": _counted(flag for segment in segments for flag in segment["flags"]),
    }


def _shown(passage: Passage, edits: Edits) -> View:
    old, new = passage.texts
    place = {"channel": passage.channel, "start_ms": passage.start_ms, "end_ms": passage.end_ms}
    return {**place, "old": old, "new": new, **numbers_of(edits)}


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names))
