"""What somebody looks for, read from one line, written as each database takes it, and marked in a text. Pure.

``words that "are all there" -without begin*``
"""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from worker.errors import InvalidRequest
from worker.search.words import Word, find_words, is_joined

MAX_CHARACTERS = 1000
MAX_WORDS = 64
SHORTEST_BEGINNING = 2  # letters before a star: fewer are the beginning of nearly everything

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』＂", '"'))
_TERM = re.compile(r'(?P<without>-?)(?:"(?P<phrase>[^"]*)"(?P<star>\*?)|(?P<word>[^\s"]+))')
LONGEST_SNIPPET = 240  # characters, the marks not counted
LEAD = 60  # of them before the first match

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Term:
    """Words that follow one another; ``begins`` where the last one is only the beginning of a word."""

    words: tuple[str, ...]
    begins: bool = False
    without: bool = False


def parse(text: str) -> tuple[Term, ...]:
    """The terms of a query. Raises InvalidRequest with what is wrong in it; punctuation alone is passed over."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidRequest(f"q: at most {MAX_CHARACTERS} characters can be looked for at once.")
    plain = text.translate(_QUOTES)
    if plain.count('"') % 2:
        raise InvalidRequest("q: a quotation mark is not closed.")
    terms = tuple(filter(None, map(_term, _TERM.finditer(plain))))
    _check(terms)
    return terms


def as_tsquery(terms: Iterable[Term]) -> str:
    """For PostgreSQL, to be cast to tsquery: words are in quotes, so nothing of them is read as an operator."""
    return " & ".join(("!" if term.without else "") + _tsquery(term) for term in terms)


def as_fts5(terms: Sequence[Term]) -> str:
    """For SQLite's MATCH."""
    positive = " AND ".join(_fts5(term) for term in terms if not term.without)
    return " NOT ".join([f"({positive})", *(_fts5(term) for term in terms if term.without)])


def _term(found: re.Match[str]) -> Term | None:
    word = found["word"]
    inner, starred = (found["phrase"], bool(found["star"])) if word is None else (word.rstrip("*"), word.endswith("*"))
    if "*" in inner:
        raise InvalidRequest("q: * can only stand at the end of a word or phrase.")
    words = tuple(each.folded for each in find_words(inner))
    if not words:
        return None
    return Term(words=words, begins=starred and _can_begin(words[-1]), without=bool(found["without"]))


def _can_begin(word: str) -> bool:
    if is_joined(word):
        return False  # one character is a whole word: nothing longer begins with it
    if len(word) < SHORTEST_BEGINNING:
        raise InvalidRequest(f"q: give at least {SHORTEST_BEGINNING} letters before *.")
    return True


def _check(terms: Sequence[Term]) -> None:
    if not any(not term.without for term in terms):
        raise InvalidRequest("q: give at least one word that is to be found.")
    if sum(len(term.words) for term in terms) > MAX_WORDS:
        raise InvalidRequest(f"q: at most {MAX_WORDS} words (characters where a script has no spaces) at once.")


def _tsquery(term: Term) -> str:
    quoted = " <-> ".join(f"'{word}'" for word in term.words)
    return f"({quoted}{':*' if term.begins else ''})"


def _fts5(term: Term) -> str:
    return f'"{" ".join(term.words)}"{"*" if term.begins else ""}'


def snippet(text: str, terms: Iterable[Term]) -> str:
    """The text, or the part of it around the first match, escaped and with ``<mark>`` around each match."""
    words = list(find_words(text))
    matches = _merged(sorted(span for term in terms if not term.without for span in _matches(words, term)))
    start, end = _window(text, words, matches[0][0] if matches else 0)
    inside = [(max(a, start), min(b, end)) for a, b in matches if a < end and b > start]
    return ("…" if start else "") + _marked(text, start, end, inside) + ("…" if end < len(text) else "")


def _matches(words: Sequence[Word], term: Term) -> Iterator[Span]:
    length = len(term.words)
    for at in range(len(words) - length + 1):
        if _is_here(words[at : at + length], term):
            yield words[at].start, words[at + length - 1].end


def _is_here(words: Sequence[Word], term: Term) -> bool:
    *before, last = term.words
    if any(word.folded != wanted for word, wanted in zip(words, before, strict=False)):
        return False
    return words[-1].folded.startswith(last) if term.begins else words[-1].folded == last


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _window(text: str, words: Sequence[Word], match: int) -> Span:
    """From the beginning of a word to the end of one, where the text is too long to be shown whole."""
    if len(text) <= LONGEST_SNIPPET:
        return 0, len(text)
    earliest = max(0, match - LEAD)
    start = 0 if not earliest else next((word.start for word in words if word.start >= earliest), earliest)
    if len(text) - start <= LONGEST_SNIPPET:
        return start, len(text)
    return start, max(
        (word.end for word in words if start < word.end <= start + LONGEST_SNIPPET), default=start + LONGEST_SNIPPET
    )


def _marked(text: str, start: int, end: int, spans: Iterable[Span]) -> str:
    parts, at = [], start
    for first, last in spans:
        parts += [html.escape(text[at:first]), f"<mark>{html.escape(text[first:last])}</mark>"]
        at = last
    return "".join([*parts, html.escape(text[at:end])])
