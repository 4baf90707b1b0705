"""Transcripts, and versions side by side."""

from pydantic import Field

from worker.shapes.base import Moment, Page, Shape


class Gap(Shape):
    channel: int
    speaker: str | None = Field(None, description="The channel's label, where channels were split.")
    start_ms: int
    end_ms: int
    code: str
    message: str | None


class Segment(Shape):
    channel: int
    speaker: str | None = Field(None, description="The channel's label, where channels were split.")
    start_ms: int
    end_ms: int
    text: str
    language: str | None
    emotion: str | None
    flags: list[str]


class Transcript(Shape):
    recording: str
    job: str | None = Field(description="Null where it was brought from elsewhere; so may be who made it.")
    service: str | None
    model: str | None
    language: str | None
    duration_ms: int | None = Field(description="Null in a partial transcript while the length is unknown.")
    sent_ms: int
    text: str
    gaps: list[Gap]
    segments: list[Segment]


class Version(Shape):
    """A transcript without its segments."""

    id: str
    job: str | None = Field(description="Null where it was brought from elsewhere.")
    origin: str = Field(description="job, or import.")
    current: bool
    pinned: bool = Field(description="It is the current one whatever jobs answer later.")
    service: str | None
    model: str | None
    language: str | None
    duration_ms: int
    sent_ms: int
    segments: int
    gaps: int
    text: str
    created_at: Moment


class ComparedVersion(Shape):
    model: str | None
    language: str | None
    languages: dict[str, int] = Field(description="Segments by language.")
    words: int
    empty: int = Field(description="Segments without a word.")
    gaps: int
    flags: dict[str, int] = Field(description="Segments by flag.")


class Edits(Shape):
    rate: float | None = Field(description="Edits a word of the old version; null where that has none.")
    edits: int
    substituted: int
    deleted: int
    inserted: int
    words: int = Field(description="Of the old version.")


class ComparedTexts(Shape):
    channel: int
    start_ms: int
    end_ms: int
    old: str
    new: str


class Passage(Edits, ComparedTexts):  # what the last base has comes first in the JSON
    pass


class ComparedVersions(Shape):
    recording: str
    old_id: str
    new_id: str
    measure: str = Field(
        description="error where the old version is a person's, which somebody pinned; else difference."
    )
    unit: str = Field(description="words; characters where most of it is in a script without spaces.")


class Comparison(Edits, ComparedVersions):
    length_ratio: float | None
    old: ComparedVersion
    new: ComparedVersion
    appeared: dict[str, int] = Field(description="Words that the new version has more often, the most frequent.")
    vanished: dict[str, int]
    passages: list[Passage] = Field(description="Those that differ, the most different first; a hundred at most.")
    passages_different: int
    passages_total: int


Versions = Page[Version]
