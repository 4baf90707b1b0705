"""How far one text is from another: the edits that make the one of the other, in words. Pure.

Against what a person says was said this is the word error rate, (S + D + I) / N; against another machine's text it is
only a difference. Where a script has no spaces the words are its characters.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import jiwer

from worker.text_words import TOKEN, words_of

LONGEST = 10_000  # words that are compared at once: an hour of speech without a pause


@dataclass(frozen=True, kw_only=True)
class Edits:
    """Substitutions, deletions and insertions against a reference of so many words."""

    substituted: int = 0
    deleted: int = 0
    inserted: int = 0
    words: int = 0

    def __add__(self, other: "Edits") -> "Edits":
        return Edits(**{name: value + getattr(other, name) for name, value in vars(self).items()})

    @property
    def count(self) -> int:
        return self.substituted + self.deleted + self.inserted

    @property
    def rate(self) -> float | None:
        """Edits a word of the reference; None where that has no word."""
        return self.count / self.words if self.words else None


def edits_between(reference: str, other: str) -> Edits:
    """The fewest edits that make ``other`` of ``reference``.

    To find them takes the square of the words. More than LONGEST words that differ are compared a part after the other,
    each with as large a part of the other text: then it is a few edits more where words have moved between parts.
    """
    ours, theirs = words_of(reference), words_of(other)
    edits = Edits(words=len(ours))
    for part in _parts(ours, theirs):
        found = jiwer.process_words(" ".join(ours[part.ours]), " ".join(theirs[part.theirs]))
        edits += Edits(substituted=found.substitutions, deleted=found.deletions, inserted=found.insertions)
    return edits


def different_words(reference: Sequence[str], other: Sequence[str]) -> tuple[set[int], set[int]]:
    """Which words of each are edited, by their numbers: those edits that are counted."""
    ours: set[int] = set()
    theirs: set[int] = set()
    for part in _parts(reference, other):
        [chunks] = jiwer.process_words(" ".join(reference[part.ours]), " ".join(other[part.theirs])).alignments
        for chunk in (chunk for chunk in chunks if chunk.type != "equal"):
            ours.update(range(part.ours.start + chunk.ref_start_idx, part.ours.start + chunk.ref_end_idx))
            theirs.update(range(part.theirs.start + chunk.hyp_start_idx, part.theirs.start + chunk.hyp_end_idx))
    return ours, theirs


class _Part(NamedTuple):
    """Words of the one text that are compared with words of the other."""

    ours: slice
    theirs: slice


def _parts(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[_Part]:
    """Between what is the same at the beginning and at the end, LONGEST words at a time."""
    before, after = _alike_around(ours, theirs)
    left, right = len(ours) - after - before, len(theirs) - after - before
    many = -(-max(left, right) // LONGEST)
    for number in range(many):
        edges = [(before + size * number // many, before + size * (number + 1) // many) for size in (left, right)]
        yield _Part(*(slice(*edge) for edge in edges))


def _alike_around(ours: Sequence[str], theirs: Sequence[str]) -> tuple[int, int]:
    """How many words are the same at the beginning, and how many behind those at the end."""
    most = min(len(ours), len(theirs))
    before = next((at for at in range(most) if ours[at] != theirs[at]), most)
    after = next((at for at in range(most - before) if ours[-1 - at] != theirs[-1 - at]), most - before)
    return before, after


@dataclass(frozen=True)
class Run:
    """A piece of a text as it was written, spaces and punctuation included."""

    text: str
    different: bool


def marked(old: str, new: str) -> tuple[list[Run], list[Run]]:
    """Both texts in runs; joined they are the texts. Different is what is counted as an edit: no case, no comma."""
    ours, theirs = _tokens(old), _tokens(new)
    edited = different_words([word for _, word in ours], [word for _, word in theirs])
    return tuple(  # type: ignore[return-value]  # two in, two out
        list(_runs(text, [found for found, _ in tokens], numbers))
        for text, tokens, numbers in zip((old, new), (ours, theirs), edited, strict=True)
    )


def _tokens(text: str) -> list[tuple[re.Match[str], str]]:
    return [(found, "".join(words_of(found[0]))) for found in TOKEN.finditer(text)]


def _runs(text: str, tokens: list[re.Match[str]], edited: set[int]) -> Iterator[Run]:
    """What stands between two edited words is marked with them."""
    end = 0
    for different, group in groupby(enumerate(tokens), key=lambda one: one[0] in edited):
        found = [token for _, token in group]
        if different:
            if found[0].start() > end:
                yield Run(text[end : found[0].start()], different=False)
            yield Run(text[found[0].start() : found[-1].end()], different=True)
        else:
            yield Run(text[end : found[-1].end()], different=False)
        end = found[-1].end()
    if end < len(text):
        yield Run(text[end:], different=False)
