"""How far one text is from another: the edits that make the one of the other, in words. Pure.

Against what a person says was said this is the word error rate, (S + D + I) / N; against another machine's text it is
only a difference. Where a script has no spaces the words are its characters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import jiwer

from worker.text_words import words_of


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
    """The fewest edits that make ``other`` of ``reference``."""
    words = words_of(reference)
    found = jiwer.process_words(" ".join(words), " ".join(words_of(other)))
    return Edits(substituted=found.substitutions, deleted=found.deletions, inserted=found.insertions, words=len(words))


def different_words(reference: Sequence[str], other: Sequence[str]) -> tuple[set[int], set[int]]:
    """Which words of each are edited, by their numbers: those edits that are counted."""
    [chunks] = jiwer.process_words(" ".join(reference), " ".join(other)).alignments
    edited = [chunk for chunk in chunks if chunk.type != "equal"]
    ours = {at for chunk in edited for at in range(chunk.ref_start_idx, chunk.ref_end_idx)}
    return ours, {at for chunk in edited for at in range(chunk.hyp_start_idx, chunk.hyp_end_idx)}
