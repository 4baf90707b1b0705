"""Recordings: what is known of one, what came of it, and where something is said in it."""

from pydantic import Field

from worker.shapes.base import Moment, Page, Shape


class Recording(Shape):
    id: str
    archive: str
    source: str
    external_id: str | None
    labels: dict[str, str]
    digest: str | None
    language: str | None = Field(description="As its owner says; so recorded_at.")
    recorded_at: Moment | None
    size_bytes: int | None
    duration_ms: int | None = Field(description="Counted while decoding; so channels.")
    channels: int | None
    current_transcript: str | None
    pinned: bool
    created_at: Moment


class KeptRecording(Recording):
    existing: bool = Field(description="The same bytes were there: this is their recording.")


class ResultError(Shape):
    code: str | None
    message: str | None


class Result(Shape):
    recording: str
    external_id: str | None
    source: str
    archive: str
    labels: dict[str, str]
    recorded_at: Moment | None
    created_at: Moment
    duration_ms: int | None
    job: str | None = Field(description="That made the transcript, or the latest that was to.")
    transcript: str | None = Field(description="Null where there is none.")
    status: str = Field(description="succeeded where there is a transcript, else the job's, or missing without one.")
    service: str | None
    model: str | None
    language: str | None
    sent_ms: int = Field(description="Audio that was sent for it, over all attempts of its job.")
    error: ResultError | None
    cost_usd: float | None = Field(description="Of what was sent, at the price that there is now; null where none is.")


class FoundSegment(Shape):
    channel: int
    speaker: str | None = Field(description="The channel's label, where channels were split.")
    start_ms: int
    end_ms: int
    language: str | None
    text: str = Field(description="A part of it where it is over a thousand words.")


class Hit(Shape):
    id: str
    recording: str
    external_id: str | None
    source: str
    archive: str
    recorded_at: Moment | None
    transcript: str = Field(description="The recording's current one.")
    segment: FoundSegment
    snippet: str = Field(description="HTML: the text around the first match, escaped, with <mark> around each match.")


Recordings = Page[Recording]
Results = Page[Result]
Hits = Page[Hit]
