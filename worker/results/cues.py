"""Segments into subtitle cues: two lines a cue, cut at the ends of sentences, timed by width. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from worker.text_words import BREAKABLE

LINE_WIDTH = 42  # columns; what broadcasters use, and wide scripts count twice
CUE_LINES = 2
CUE_WIDTH = LINE_WIDTH * CUE_LINES

# Scripts that are written without spaces may be broken after any sign but before no closing punctuation.
_CLOSING = "\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f\u300d\u300f\uff09"
_TOKEN = re.compile(rf"\s*(?:[{BREAKABLE}][{_CLOSING}]*|[^\s{BREAKABLE}]+)")
_SENTENCE = re.compile(r"\s*.+?(?:[.!?…]+[\"')\]]*(?=\s|$)|[。！？]+[」』）]*|$)", re.DOTALL)


@dataclass(frozen=True)
class Cue:
    """One subtitle: [start_ms, end_ms) and its lines."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def cues(text: str, start_ms: int, end_ms: int) -> list[Cue]:
    """The cues of one segment, end to end over its span. A text of blanks gives none."""
    parts = _pack(list(_pieces(text)))
    total = sum(width(part) for part in parts) or 1
    made, done = [], 0
    for part in parts:
        begin = start_ms + (end_ms - start_ms) * done // total
        done += width(part)
        made.append(Cue(begin, start_ms + (end_ms - start_ms) * done // total, tuple(fold(part))))
    return made


def fold(text: str, columns: int = LINE_WIDTH) -> list[str]:
    """Lines of at most ``columns``, of about the same width, broken between words."""
    count = -(-width(text.strip()) // columns)
    for target in range(width(text.strip()) // max(count, 1), columns):
        lines = _fill(text, target)
        if len(lines) <= count:
            return lines
    return _fill(text, columns)


def width(text: str) -> int:
    """Columns that the text takes: signs of East Asian scripts take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_columns(sign) for sign in text)


@lru_cache(maxsize=10_000)
def _columns(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _pieces(text: str) -> Iterator[str]:
    """Sentences; one that does not fit into a cue in parts that do."""
    for sentence in _SENTENCE.findall(" ".join(text.split())):
        if sentence.strip():
            yield from _parts(sentence.strip())


def _parts(sentence: str) -> list[str]:
    """As few parts as fit into a cue each, of about the same width."""
    whole = width(sentence)
    for count in range(max(1, whole // CUE_WIDTH), whole):
        for target in range(whole // count, CUE_WIDTH + 1):
            parts = _fill(sentence, target)
            if len(parts) <= count and all(map(_fits, parts)):
                return parts
    return [sentence]


def _fits(text: str) -> bool:
    return len(_fill(text, LINE_WIDTH)) <= CUE_LINES


def _pack(pieces: list[str]) -> list[str]:
    """Short sentences share a cue while they fit."""
    packed: list[str] = []
    for piece in pieces:
        joined = f"{packed[-1]}{_glue(packed[-1])}{piece}" if packed else ""
        if joined and _fits(joined):
            packed[-1] = joined
        else:
            packed.append(piece)
    return packed


def _glue(before: str) -> str:
    return "" if before[-1] in _CLOSING else " "


def _fill(text: str, columns: int) -> list[str]:
    lines, used = [""], 0
    for token in _tokens(text, columns):
        if used and used + width(token) > columns:
            lines.append("")
            used = 0
        added = token if used else token.lstrip()
        lines[-1] += added
        used += width(added)
    return [line for line in lines if line]


def _tokens(text: str, columns: int) -> Iterator[str]:
    """Words with the blanks before them; one that is wider than a line, as in Thai, is broken anywhere."""
    for token in _TOKEN.findall(text):
        while width(token) > columns > 1:
            head = _head(token, columns)
            yield head
            token = token[len(head) :]  # noqa: PLW2901  # what is left of it
        yield token


def _head(token: str, columns: int) -> str:
    used = 0
    for place, sign in enumerate(token):
        used += _columns(sign)
        if used > columns and place > 0:
            return token[:place]
    return token
