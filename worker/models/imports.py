"""Imports: what fills an archive in the background, and the rows that could not be used."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import ID, NAME, NUMBER, Base, index_where


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
