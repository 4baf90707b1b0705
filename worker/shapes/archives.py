"""Archives, recordings, and what they cost."""

from typing import Any

from pydantic import AwareDatetime, Field

from worker.shapes.base import Page, Shape


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
    created_at: AwareDatetime


class Recording(Shape):
    id: str
    archive: str
    source: str
    external_id: str | None
    labels: dict[str, str]
    digest: str | None
    language: str | None = Field(description="As its owner says; so recorded_at.")
    recorded_at: AwareDatetime | None
    size_bytes: int | None
    duration_ms: int | None = Field(description="Counted while decoding; so channels.")
    channels: int | None
    current_transcript: str | None
    pinned: bool
    created_at: AwareDatetime


class Usage(Shape):
    month: str
    archive: str
    campaign: str | None = Field(description="Its id; null for what no campaign asked for.")
    campaign_name: str | None
    service: str
    model: str
    jobs: int
    audio_ms: int
    needed_ms: int
    sent_ms: int
    reused_ms: int
    skipped_ms: int
    gaps: int
    cost_usd: float | None = Field(description="Of what was sent, at the price that there is now; null where none is.")


Recordings = Page[Recording]
Archives = Page[Archive]
UsagePage = Page[Usage]
