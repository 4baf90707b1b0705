"""What was found in transcripts."""

from pydantic import AwareDatetime, Field

from worker.shapes.base import Page, Shape


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
    recorded_at: AwareDatetime | None
    transcript: str = Field(description="The recording's current one.")
    segment: FoundSegment
    snippet: str = Field(description="HTML: the text around the first match, escaped, with <mark> around each match.")


Found = Page[Hit]
