"""Campaigns."""

from typing import Any

from pydantic import Field

from worker.shapes.base import Moment, Page, Shape
from worker.shapes.jobs import Spec


class Reuse(Shape):
    recordings: int = Field(description="That have answers under the recognition key.")
    audio_ms: int = Field(description="Of those answers.")
    counted_over: int = Field(description="Recordings; fewer than all: a sample, and the numbers are scaled up.")


class Plan(Shape):
    matched: int = Field(description="Recordings that the selection matches.")
    recordings: int = Field(description="Those that are transcribed.")
    audio_ms: int = Field(description="Their length; where nobody has decoded one yet, as long as the others.")
    length_unknown: int = Field(description="How many nobody has decoded yet.")
    to_send_ms: int = Field(description="What would be sent: without silence, and without what is reused.")
    send_ratio: float = Field(description="What is sent for each ms of a recording.")
    ratio_from: str = Field(description="Where that is from: earlier jobs, a sample of the transcripts, counted whole.")
    reused: Reuse
    cost_usd: float | None = Field(description="Null where no price is known.")
    time_s: float | None = Field(description="At the present limits; null where nobody knows the service's pace.")
    over_limit: bool = Field(description="It costs more than its limit in money: then it would wait before its end.")
    skipped: dict[str, int] = Field(description="Recordings that are passed over, by reason.")
    service: str
    model: str
    canary: int = Field(description="Recordings that go first, references among them.")
    references: int = Field(description="Pinned ones, which are compared with and never moved.")


class Limits(Shape):
    parallel: int | None = Field(description="Recordings at once.")
    hours_a_day: float | None = Field(description="Of audio that is sent.")
    usd: float | None = Field(description="In all.")


class Rules(Shape):
    canary: int
    thresholds: dict[str, Any] | None
    max_failure_share: float
    promote: dict[str, Any] | None


class Reason(Shape):
    code: str
    message: str


class CampaignSummary(Shape):
    id: str
    name: str
    status: str
    step: str | None = Field(description="What goes on within the state: drawing, enrolling, promoting, rolling_back.")
    reason: Reason | None = Field(description="Why it is paused, or in review.")
    selection: dict[str, Any]
    spec: Spec
    own_language: bool = Field(description="Each recording is asked in its archive's or its own language.")
    fresh: bool
    limits: Limits
    rules: Rules
    plan: Plan
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    promoted_at: Moment | None
    rolled_back_at: Moment | None


class CampaignProgress(Shape):
    ended: int
    total: int
    eta_s: float | None


class Actual(Shape):
    audio_ms: int = Field(description="Of recordings whose jobs have ended.")
    sent_ms: int
    reused_ms: int
    cost_usd: float | None


class CampaignBudget(Shape):
    period: str
    limit_usd: float | None
    limit_ms: int | None
    spent_usd: float
    spent_ms: int
    reserved_usd: float
    reserved_ms: int


class Campaign(CampaignSummary):
    counts: dict[str, int] = Field(description="Recordings by state.")
    codes: dict[str, int] = Field(description="Failures by code.")
    waiting: dict[str, int] = Field(description="What its jobs wait for, by code.")
    promoted: int = Field(description="Recordings whose current transcript is the campaign's.")
    progress: CampaignProgress
    actual: Actual
    budgets: list[CampaignBudget]


class CampaignRecording(Shape):
    id: str
    source: str
    archive: str
    external_id: str | None
    state: str
    code: str | None
    canary: bool
    pinned: bool
    job: str | None
    before: str | None
    after: str | None
    promoted: bool
    rate: float | None
    comparison: dict[str, Any] | None
    sent_ms: int
    reused_ms: int


class DryRun(Shape):
    plan: Plan


Campaigns = Page[CampaignSummary]
CampaignRecordings = Page[CampaignRecording]
