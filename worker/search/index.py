"""What transcripts say, kept to be found: rows are written with a transcript and never again.

Whether a transcript is the current one is asked when somebody looks, so a promotion or a rollback touches nothing here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from worker.models import SearchRow
from worker.search.words import find_words

# A row's words are one value of PostgreSQL's, which keeps the places of 256 words of a kind. Segments have far less,
# but a text that was brought may be one segment of any length.
PIECE_WORDS = 1000

Row = dict[str, Any]


def add_to_index(
    session: Session,
    transcript_id: str,
    recording_id: str,
    segments: Iterable[Mapping[str, Any]],
    language: str | None = None,
) -> None:
    """Keep a new transcript's words, in the transaction that adds it. ``language`` is where a segment says none."""
    rows = list(rows_of(transcript_id, recording_id, segments, language))
    if rows:
        session.execute(insert(SearchRow), rows)


def rows_of(
    transcript_id: str, recording_id: str, segments: Iterable[Mapping[str, Any]], language: str | None
) -> Iterator[Row]:
    """The rows of a transcript; segments in which nothing is said have none."""
    for number, segment in enumerate(segments):
        for start, end, words in _pieces(segment["text"]):
            yield {
                "transcript_id": transcript_id,
                "recording_id": recording_id,
                "number": number,
                "start": start,
                "end": end,
                "language": segment.get("language") or language,
                "words": words,
            }


def _pieces(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Where each begins and ends, and its words; together they are the whole text. Mostly there is one."""
    words = list(find_words(text))
    firsts = range(0, len(words), PIECE_WORDS)
    starts = [0, *(words[first].start for first in firsts[1:]), len(text)]
    for place, first in enumerate(firsts):
        yield starts[place], starts[place + 1], [word.folded for word in words[first : first + PIECE_WORDS]]
