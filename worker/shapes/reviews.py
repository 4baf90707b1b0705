"""A campaign's comparison, and votes."""

from typing import Any

from pydantic import Field

from worker.shapes.base import Shape


class ShownPassage(Shape):
    channel: int
    start_ms: int
    end_ms: int
    reference: str | None = Field(description="What a person says was said; null where nobody has.")
    old: str | None
    new: str
    edits: int = Field(description="Of the new version, against the reference where there is one, else the old one.")


class ComparedRecording(Shape):
    recording: str
    external_id: str | None
    source: str
    canary: bool
    rate: float = Field(description="Edits a word of what the new version is measured by; orders the recordings.")
    comparison: dict[str, Any] = Field(description="Everything that is counted: docs/comparison.md has the fields.")
    passages: list[ShownPassage]
    passages_different: int | None = Field(description="Null where no passages were asked for.")


class CampaignComparison(Shape):
    campaign: str
    name: str
    status: str
    summary: dict[str, Any] | None = Field(description="Sums and intervals; on the first page alone.")
    items: list[ComparedRecording]
    next: str | None = Field(description="The cursor of the next page, or null.")


class VotedPassage(Shape):
    recording: str
    external_id: str | None
    source: str
    passage: str
    channel: int
    start_ms: int
    end_ms: int
    a: str
    b: str


class NextVote(Shape):
    voted: int = Field(description="Passages that this voter has judged.")
    ballot: VotedPassage | None = Field(description="Null where there is no further one.")


class CastVote(Shape):
    voter: str
    recording: str
    passage: str
    choice: str = Field(description="a, b or neither.")


class Share(Shape):
    rate: float
    low: float
    high: float


class Votes(Shape):
    old: int
    new: int
    neither: int
    votes: int
    voters: int
    passages: int
    new_share: Share | None = Field(description="Of votes that chose; Wilson's interval at 95 %.")
    p_value: float | None = Field(description="Two-sided sign test of old against new; null without a choice.")
