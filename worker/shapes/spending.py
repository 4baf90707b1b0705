"""Budgets, estimates, and what was used."""

from pydantic import Field

from worker.shapes.base import Moment, Page, Shape


class Budget(Shape):
    scope: str = Field(description="deployment, archive or campaign.")
    archive: str | None
    campaign: str | None = Field(description="Its id.")
    period: str = Field(description="day (UTC) or all.")
    limit_usd: float | None = Field(description="Null where money is not limited.")
    limit_ms: int | None = Field(description="Of audio sent; null where it is not limited.")
    spent_usd: float
    spent_ms: int
    reserved_usd: float = Field(description="For segments on their way.")
    reserved_ms: int
    used: float = Field(description="The spent share of the limit that is nearer.")
    level: str = Field(description="open, warning from four fifths on, spent where jobs wait for it.")
    waits_until: Moment | None = Field(description="When jobs that wait go on by themselves.")
    created_at: Moment


class Estimate(Shape):
    service: str
    model: str
    recordings: int
    audio_ms: int
    to_send_ms: int
    send_ratio: float
    ratio_from: str = Field(description="Earlier jobs, a sample of the files, or counted whole.")
    cost_usd: float | None = Field(description="Null where no price is known.")
    time_s: float | None = Field(description="With every permit busy at the service's pace; null where it has none.")


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


Budgets = Page[Budget]
UsagePage = Page[Usage]
