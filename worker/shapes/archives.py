"""Archives, and the imports that fill them."""

from typing import Any

from pydantic import Field

from worker.shapes.base import Moment, Page, Shape


class SyncedFolder(Shape):
    folder: str
    patterns: list[str]
    naming: str | None
    sidecars: bool
    copy_: bool = Field(alias="copy")
    transcribe: dict[str, Any] | None = Field(description="Options of the jobs; null: none are made.")


class Archive(Shape):
    id: str
    name: str
    service: str | None = Field(description="For jobs that name none; so language and channels.")
    language: str | None
    channels: str | None
    channel_labels: dict[str, str] = Field(description="Who speaks, by the channel's number; for jobs that give none.")
    services: list[str] = Field(description="The services that its recordings may go to; empty: all.")
    sync: SyncedFolder | None = Field(description="The folder that it is filled from, again and again.")
    created_at: Moment


class ImportSource(Shape):
    kind: str = Field(description="manifest or folder.")
    folder: str | None
    name: str | None = Field(description="Of the manifest.")
    type: str | None
    patterns: list[str] | None
    naming: str | None
    sidecars: bool | None
    copy_: bool | None = Field(alias="copy")


class RowError(Shape):
    code: str
    message: str
    retryable: bool
    hint: str


class Import(Shape):
    id: str
    archive: str
    status: str = Field(description="queued, running, succeeded, failed or cancelled.")
    source: ImportSource
    transcribe: dict[str, Any] | None = Field(description="Options of the jobs; null: none are made.")
    batch: str | None = Field(description="Of the jobs.")
    total: int | None = Field(description="Rows that there are, where they were counted.")
    rows: int = Field(description="Those that are done: added, existing or refused.")
    added: int
    existing: int = Field(description="Recordings that were there already.")
    refused: int = Field(description="Rows that could not be used: see its problems.")
    error: RowError | None = Field(description="Why it has failed, or waits.")
    created_at: Moment
    finished_at: Moment | None


class ImportProblem(Shape):
    line: int = Field(description="The line in the manifest, or the place in the listing, from 1.")
    name: str | None = Field(description="The file's name, or the URL without its query.")
    error: RowError


class ImportEstimate(Shape):
    """What an import would take."""

    recordings: int
    refused: int
    bytes: int | None = Field(description="Null where nobody has said.")
    audio_ms: int | None = Field(
        description="Of all: a length that could not be read is reckoned after the others. Null where none could be."
    )
    measured: int = Field(description="Recordings in mounted folders whose length could be read from their heads.")
    complete: bool = Field(description="False where there are more, and only the first were looked at.")
    to_send_ms: int | None = Field(
        description="Null without transcribe, and where no length is known; so the cost and the time."
    )
    ratio_from: str | None
    cost_usd: float | None
    time_s: float | None
    unknown: str | None = Field(description="Why the length, or the cost, is not known.")


Archives = Page[Archive]
Imports = Page[Import]
ImportProblems = Page[ImportProblem]
