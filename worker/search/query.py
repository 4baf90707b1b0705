"""What somebody looks for, read from one line, and written as each database takes it. Pure.

``words that "are all there" -without begin*``
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from worker.errors import InvalidRequest
from worker.search.words import find_words, is_joined

MAX_CHARACTERS = 1000
MAX_WORDS = 64
SHORTEST_BEGINNING = 2  # letters before a star: fewer are the beginning of nearly everything

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』＂", '"'))
_TERM = re.compile(r'(?P<without>-?)(?:"(?P<phrase>[^"]*)"(?P<star>\*?)|(?P<word>[^\s"]+))')


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
    wanted = " AND ".join(_fts5(term) for term in terms if not term.without)
    return " NOT ".join([f"({wanted})", *(_fts5(term) for term in terms if term.without)])


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
