"""What services said, the transcripts made of it, and the index of what these say."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, Dialect, ForeignKey, Index, Integer, String, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from worker.models.base import DIGEST, ID, NAME, NUMBER, Base


class Answer(Base):
    """What a service said of a segment under a recognition key. Never changed once written."""

    __tablename__ = "answers"

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True, autoincrement=True)
    recognition_key: Mapped[str] = mapped_column(DIGEST)
    digest: Mapped[str] = mapped_column(DIGEST)  # the recording's
    channel: Mapped[str] = mapped_column(String(10))  # "mix", or the channel's number
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    pcm_sha256: Mapped[str] = mapped_column(DIGEST)
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(20))
    emotion: Mapped[str | None] = mapped_column(String(20))
    model: Mapped[str] = mapped_column(NAME)  # the one that answered
    usage: Mapped[Any] = mapped_column(JSON, nullable=True)  # as the service sent it, of any shape
    flags: Mapped[list[Any]] = mapped_column(default=list)  # flagged answers are not reused
    created_ms: Mapped[int]

    __table_args__ = (
        Index("ix_answers_place", "digest", "recognition_key", "channel", "start_ms", "end_ms"),
        Index("ix_answers_pcm", "pcm_sha256", "recognition_key"),
    )


class Transcript(Base):
    """An immutable version: made by one job, or brought from elsewhere."""

    __tablename__ = "transcripts"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"))
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id"), unique=True)
    origin: Mapped[str] = mapped_column(String(10))
    service: Mapped[str | None] = mapped_column(NAME)  # null where nobody said
    model: Mapped[str | None] = mapped_column(NAME)
    language: Mapped[str | None] = mapped_column(String(20))
    duration_ms: Mapped[int]
    sent_ms: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    gaps: Mapped[list[Any]]
    segments: Mapped[list[Any]]
    recognition_key: Mapped[str | None] = mapped_column(DIGEST)  # its job's; null where it was brought
    gaps_count: Mapped[int] = mapped_column(Integer, default=0)
    flags_count: Mapped[int] = mapped_column(Integer, default=0)  # segments whose text is doubted
    created_ms: Mapped[int]

    __table_args__ = (Index(None, "recording_id", "id"),)


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
