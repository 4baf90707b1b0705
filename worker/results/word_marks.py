"""A text in runs of what is and what is not another text's, for showing two side by side. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from worker.results.word_errors import different_words
from worker.text_words import TOKEN, words_of


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
