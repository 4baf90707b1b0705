"""Text as the words that are looked for, each with its place in the text. Pure.

A word is folded: without case, without the accents of Latin, Greek and Cyrillic letters, full-width as half-width.
Where a script has no spaces each character is a word of its own: a word of two characters is a phrase of two words.
An apostrophe separates: "l'homme" is found by "homme".
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from worker.text_words import UNSPACED

LONGEST = 64  # characters of a word that count
LONGEST_RAW = 1024  # as it is written, with accents that do not
REMEMBERED = 65_536  # words whose folded form is kept: speech has few different ones

# Vowels and tones that are written around a letter and belong to it, below the scripts of East Asia.
_MARKS = "".join(chr(code) for code in range(0x300, 0x3100) if unicodedata.category(chr(code)) in {"Mn", "Mc"})
# Thai, Lao, Burmese and Khmer have no spaces either; a letter there goes with its marks.
_JOINED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_WORD = re.compile(rf"[{UNSPACED}][{_MARKS}]*|[{_JOINED}][{_MARKS}]*|(?:[^\W_{UNSPACED}{_JOINED}][{_MARKS}]*)+")
_ACCENTS = re.compile(r"[\u0300-\u036f]")
_NO_WORDS = frozenset("・゠")  # punctuation among the kana


class Word(NamedTuple):
    """A folded word, and where its letters begin and end in the text."""

    folded: str
    start: int
    end: int


def find_words(text: str) -> Iterator[Word]:
    """The text's words in order."""
    for found in _WORD.finditer(text):
        for folded in _folded(found.group()):
            yield Word(folded, found.start(), found.end())


def is_joined(word: str) -> bool:
    """Whether it is of a script without spaces, where one character is a word here."""
    return bool(re.match(rf"[{UNSPACED}{_JOINED}]", word))


@lru_cache(REMEMBERED)
def _folded(raw: str) -> tuple[str, ...]:
    """Mostly one word; several where a character stands for several, such as half-width kana.

    To put a letter's accents in order takes the square of their number, so what nobody could have said is cut first.
    """
    raw = raw[:LONGEST_RAW]
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", raw).casefold())
    parts = _WORD.findall(unicodedata.normalize("NFC", bare))
    return tuple(part[:LONGEST] for part in parts if part not in _NO_WORDS)
