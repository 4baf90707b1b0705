"""A piece of a text around what was found in it, with marks, safe to stand in HTML. Pure."""

import html
from collections.abc import Iterable, Iterator, Sequence

from worker.search.query import Term
from worker.search.words import Word, find_words

LONGEST = 240  # characters, the marks not counted
LEAD = 60  # of them before the first match

Span = tuple[int, int]


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
    if len(text) <= LONGEST:
        return 0, len(text)
    earliest = max(0, match - LEAD)
    start = 0 if not earliest else next((word.start for word in words if word.start >= earliest), earliest)
    if len(text) - start <= LONGEST:
        return start, len(text)
    return start, max((word.end for word in words if start < word.end <= start + LONGEST), default=start + LONGEST)


def _marked(text: str, start: int, end: int, spans: Iterable[Span]) -> str:
    parts, at = [], start
    for first, last in spans:
        parts += [html.escape(text[at:first]), f"<mark>{html.escape(text[first:last])}</mark>"]
        at = last
    return "".join([*parts, html.escape(text[at:end])])
