"""Archives, the recordings in them, and the imports that fill them in the background."""

from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import DIGEST, ID, NAME, NUMBER, Base, index_where


class Archive(Base):
    """A named collection that was set up; recordings name theirs whether it was or not."""

    __tablename__ = "archives"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(NAME, unique=True)
    # for jobs that do not ask for another
    service: Mapped[str | None] = mapped_column(NAME)
    language: Mapped[str | None] = mapped_column(String(20))
    channels: Mapped[str | None] = mapped_column(String(10))
    channel_labels: Mapped[dict[str, Any]] = mapped_column(default=dict)  # who speaks on a channel, by its number
    services: Mapped[list[Any]] = mapped_column(default=list)  # where its recordings may go; empty: anywhere
    sync: Mapped[dict[str, Any] | None]  # the folder or prefix that it is filled from, again and again
    created_ms: Mapped[int]


class Recording(Base):
    """Audio that somebody owns: bytes in the media store, or a source registered in place."""

    __tablename__ = "recordings"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    archive: Mapped[str] = mapped_column(NAME)
    # SHA-256 of the bytes; null for a source in place until its first decode
    digest: Mapped[str | None] = mapped_column(DIGEST)
    # what makes it the same recording within an archive: "sha256:…" or the source's (URL, size, etag or mtime)
    identity: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)  # the name shown: a file name, or a URL without its query
    source_url: Mapped[str | None] = mapped_column(Text)  # may carry a signature: never shown
    media_key: Mapped[str | None] = mapped_column(Text)  # where the bytes are in the media store
    size_bytes: Mapped[int | None]
    duration_ms: Mapped[int | None]  # counted while decoding
    auto_channels: Mapped[str | None] = mapped_column(String(10))  # what `auto` was judged to be: split or mix
    channels: Mapped[int | None] = mapped_column(Integer)  # counted while decoding
    language: Mapped[str | None] = mapped_column(String(20))  # as its owner says
    recorded_ms: Mapped[int | None]  # as its owner says
    external_id: Mapped[str | None] = mapped_column(NAME)
    labels: Mapped[dict[str, Any]] = mapped_column(default=dict)
    current_transcript_id: Mapped[str | None] = mapped_column(ID)
    pinned: Mapped[bool] = mapped_column(default=False)  # no job moves the current transcript
    created_ms: Mapped[int]

    __table_args__ = (
        UniqueConstraint("archive", "identity"),
        Index(None, "archive", "id"),
        Index(None, "digest"),
        index_where(None, "archive", "external_id", where="external_id IS NOT NULL"),
    )


class Import(Base):
    """One run over a manifest, a folder or a prefix. Whoever works at it holds a lease, as with a job.

    ``position`` is how far it is: the last line or name that was kept, committed with what it brought.
    """

    __tablename__ = "imports"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    archive: Mapped[str] = mapped_column(NAME)
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("batches.id"))  # of the jobs, where it was to transcribe
    status: Mapped[str] = mapped_column(String(10))
    source: Mapped[dict[str, Any]]  # where the recordings are listed, and how their fields are found
    options: Mapped[dict[str, Any] | None]  # of the jobs; null: none are made, and nothing is spent

    position: Mapped[str | None] = mapped_column(Text)
    total: Mapped[int | None]  # rows that there are, once they were counted
    rows: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    existing: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)

    fence: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str | None] = mapped_column(NAME)
    lease_until_ms: Mapped[int | None]
    due_ms: Mapped[int]
    error: Mapped[dict[str, Any] | None]
    created_ms: Mapped[int]
    finished_ms: Mapped[int | None]
    changed_ms: Mapped[int]

    __table_args__ = (
        Index(None, "archive", "id"),
        index_where("ix_imports_open", "due_ms", where="finished_ms IS NULL"),
    )


class ImportProblem(Base):
    """A row that could not be used, with its number in the manifest or its place in the listing."""

    __tablename__ = "import_problems"

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True, autoincrement=True)
    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id"))
    line: Mapped[int]
    name: Mapped[str | None] = mapped_column(Text)  # a file's name, or a URL without its query
    error: Mapped[dict[str, Any]]

    __table_args__ = (Index(None, "import_id", "id"),)
