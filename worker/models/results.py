"""What services said, and the transcripts made of it."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

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
