"""Batches and manifests."""

from pydantic import AwareDatetime, Field

from worker.shapes.base import Problem, Shape


class Batch(Shape):
    id: str
    name: str | None
    jobs: int
    counts: dict[str, int] = Field(description="Jobs by state.")
    codes: dict[str, int] = Field(description="Jobs by the code of their error.")
    waiting: dict[str, int] = Field(description="Jobs by the code of what they wait for.")
    eta_s: float | None = Field(description="At the rate at which its jobs have ended; null when unknown.")
    audio_ms: int = Field(description="Length of the recordings that were decoded to their end.")
    needed_ms: int
    sent_ms: int
    reused_ms: int
    skipped_ms: int
    gaps: int
    created_at: AwareDatetime


class BatchItem(Shape):
    number: int = Field(description="The item's place in the request, from 1.")
    job: str | None
    existing: bool
    error: Problem | None


class SubmittedBatch(Batch):
    items: list[BatchItem]


class ManifestProblem(Shape):
    line: int = Field(description="The line's number in the manifest, from 1.")
    error: Problem


class SubmittedManifest(Shape):
    id: str
    name: str | None
    sha256: str = Field(description="Of the manifest's lines.")
    rows: int
    made: int = Field(description="Rows that made a job.")
    existing: int = Field(description="Rows whose job was there before; the batch counts it too.")
    refused: int
    problems: list[ManifestProblem] = Field(description="The first thousand of the refused rows.")
    created_at: AwareDatetime
