"""The index of what transcripts say."""

from collections.abc import Sequence

from sqlalchemy import Dialect, ForeignKey, Index, Integer, String, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from worker.models.base import ID, NUMBER, Base


class Words(TypeDecorator[Sequence[str]]):
    """Words in order. On PostgreSQL a tsvector, written out so that no parser of the server's cuts them otherwise."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        return dialect.type_descriptor(TSVECTOR() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if dialect.name != "postgresql":
            return " ".join(value)
        return " ".join(f"'{word}':{place}" for place, word in enumerate(value, 1))


class SearchRow(Base):
    """A segment of a transcript, or a piece of a very long one, with its words. Written with it, and never changed.

    SQLite's full-text table `search_words` follows this one by a trigger; the migration 0003 makes both.
    """

    __tablename__ = "search_rows"

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True, autoincrement=True)
    transcript_id: Mapped[str] = mapped_column(ForeignKey("transcripts.id"))
    recording_id: Mapped[str] = mapped_column(ID)  # the transcript's, so that one look tells whether it is current
    number: Mapped[int] = mapped_column(Integer)  # of the segment in the transcript
    start: Mapped[int] = mapped_column(Integer)  # where the piece begins and ends in the segment's text, in characters
    end: Mapped[int] = mapped_column(Integer)
    language: Mapped[str | None] = mapped_column(String(20))  # the segment's, else the transcript's
    words: Mapped[Sequence[str]] = mapped_column(Words, deferred=True)  # asked for, never read

    __table_args__ = (Index("ix_search_rows_words", "words", postgresql_using="gin").ddl_if(dialect="postgresql"),)
