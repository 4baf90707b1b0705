"""What transcripts say, kept to be found, and looked for: the newest first.

Rows are written with a transcript and never again. Whether a transcript is the current one is asked when somebody
looks, so a promotion or a rollback touches nothing here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, bindparam, cast, column, func, insert, select, table, text, true
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from worker.models import Recording, SearchRow, Transcript
from worker.search.query import Term, as_fts5, as_tsquery
from worker.search.words import find_words
from worker.statements import shared_alias

# A row's words are one value of PostgreSQL's, which keeps the places of 256 words of a kind. Segments have far less,
# but a text that was brought may be one segment of any length.
PIECE_WORDS = 1000

# Of a word that is said everywhere the newest hits are among the newest rows; others are few, and the index has them.
LATELY = 5000

FULL_TEXT = table("search_words", column("rowid"))  # SQLite's, which follows the rows by a trigger
# The current version's words and no other's.
IS_CURRENT = (Recording.id == SearchRow.recording_id) & (Recording.current_transcript_id == SearchRow.transcript_id)
# On PostgreSQL the recording is looked up for each row that has the words, and never all of them read to be joined:
# the OFFSET keeps the server from that. It cannot know how few rows have the words.
CURRENT = shared_alias(Recording, select(Recording).where(IS_CURRENT).offset(0).lateral("current"))

Rows = Sequence[Row[SearchRow, Recording]]


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
) -> Iterator[dict[str, Any]]:
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


@dataclass(frozen=True, kw_only=True)
class SearchFilter:
    """What hits have to be beside the words: all of what is given."""

    archive: str | None = None
    language: str | None = None  # of the segment
    labels: Mapping[str, str] = field(default_factory=dict)

    def conditions(self, recording: type[Recording]) -> list[ColumnElement[bool]]:
        columns = {recording.archive: self.archive, SearchRow.language: self.language}
        given = [name == value for name, value in columns.items() if value is not None]
        return given + [recording.labels[name].as_string() == value for name, value in self.labels.items()]


@dataclass(frozen=True)
class Hit:
    """A piece of a segment in which all was found; ``segment`` is as the transcript has it."""

    row: SearchRow
    recording: Recording
    segment: Mapping[str, Any]

    @property
    def text(self) -> str:
        return str(self.segment["text"])[self.row.start : self.row.end].strip()


def find(session: Session, terms: Sequence[Term], where: SearchFilter, *, before: int | None, limit: int) -> list[Hit]:
    """At most ``limit`` hits older than the row ``before``, newest first."""
    look = _on_postgresql if session.get_bind().dialect.name == "postgresql" else _on_sqlite
    found = look(session, terms, where, before, limit)
    segments = _segments(session, {row.transcript_id for row, _recording in found})
    return [Hit(row, recording, segments[row.transcript_id][row.number]) for row, recording in found]


def _on_postgresql(
    session: Session, terms: Sequence[Term], where: SearchFilter, before: int | None, limit: int
) -> Rows:
    """First among the newest rows, then by the index of words.

    The server would choose between the two by a guess at how many there are, which for phrases and rare words is wrong
    by orders of magnitude, and would read all rows for a word that nobody says. The sum keeps it from that, and so does
    the setting; and the words stand in the statement itself, since a plan for any words would read all rows as well.
    """
    session.execute(text("SET LOCAL enable_seqscan = off"))
    end = (session.scalar(select(func.max(SearchRow.id))) or 0) + 1 if before is None else before
    terms_sql = bindparam(None, as_tsquery(terms), type_=Text, literal_execute=True)
    has_words = SearchRow.words.op("@@")(cast(terms_sql, TSQUERY))
    rows = select(SearchRow, CURRENT).join(CURRENT, true()).where(has_words, *where.conditions(CURRENT))
    matching = rows.where(SearchRow.id < end).limit(limit)
    lately = matching.where(SearchRow.id >= end - LATELY).order_by(SearchRow.id.desc())
    found = session.execute(lately).all()
    if len(found) == limit:
        return found
    return session.execute(matching.order_by((SearchRow.id + 0).desc())).all()


def _on_sqlite(session: Session, terms: Sequence[Term], where: SearchFilter, before: int | None, limit: int) -> Rows:
    """Its full-text table keeps rows in their order and reads them backwards, as far as the page needs."""
    row, has_words = FULL_TEXT.c.rowid, column("search_words").op("MATCH")(as_fts5(terms))
    rows = select(SearchRow, Recording).join(Recording, IS_CURRENT).join(FULL_TEXT, row == SearchRow.id)
    matching = rows.where(has_words, *where.conditions(Recording))
    older = matching if before is None else matching.where(row < before)
    return session.execute(older.order_by(row.desc()).limit(limit)).all()


def _segments(session: Session, transcript_ids: set[str]) -> dict[str, list[Any]]:
    rows = session.execute(select(Transcript.id, Transcript.segments).where(Transcript.id.in_(transcript_ids)))
    return {row.id: row.segments for row in rows}
