"""What came of many recordings."""

from pydantic import AwareDatetime, Field

from worker.shapes.base import Page, Shape


class ResultError(Shape):
    code: str | None
    message: str | None


class Result(Shape):
    recording: str
    external_id: str | None
    source: str
    archive: str
    labels: dict[str, str]
    recorded_at: AwareDatetime | None
    created_at: AwareDatetime
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


Results = Page[Result]
