"""Jobs, and batches of them."""

from pydantic import ConfigDict, Field

from worker.shapes.base import Moment, Page, Problem, Shape


class Progress(Shape):
    segments_done: int
    segments_total: int | None = Field(description="Null until the cut is complete.")
    audio_ms_done: int = Field(description="How far along the recording, silence included.")
    audio_ms_total: int | None = Field(description="Null while unknown.")


class Waiting(Shape):
    code: str
    message: str | None
    since: Moment | None
    next_try_at: Moment | None


class JobError(Shape):
    code: str
    message: str
    stage: str | None
    retryable: bool
    service_code: str | None
    hint: str | None


class Spec(Shape):
    """What was asked for, frozen when the job was made."""

    # Rows of older versions may lack what has a default; it is sent all the same.
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    service: str
    model: str
    language: str | None
    context: str
    channels: str
    channel_labels: dict[str, str] = Field({}, description="Who speaks, by the channel's number.")
    segmentation: str
    cut: dict[str, int] = Field({}, description="Numbers of the preset that the job has set.")
    voice: bool = Field(False, description="What has no speech in it was left out.")
    lane: str
    priority: int
    revision: int = 0
    version: str = Field(
        "", description="Of Longhand, when the job was made; another one alone makes nothing be sent again."
    )
    identity: str = Field("", description="Who the service really is, where that is not its name; else empty.")


class Job(Shape):
    id: str
    status: str
    recording: str
    source: str
    archive: str
    batch: str | None
    campaign: str | None = Field(description="The campaign that made it: its transcript waits for the promotion.")
    external_id: str | None
    labels: dict[str, str]
    spec: Spec
    attempts: int
    losses: int
    retry_of: str | None
    progress: Progress
    eta_s: float | None = Field(description="At the job's own speed; null when unknown, and at the end.")
    needed_ms: int = Field(description="Audio that is not silence, over all channels.")
    sent_ms: int = Field(description="Audio sent to the service, over all attempts.")
    reused_ms: int = Field(description="Audio whose answer was there already.")
    skipped_ms: int = Field(description="Silence that was not sent, over all channels.")
    gaps: int = Field(description="Segments that the service refused for good.")
    waiting: Waiting | None
    error: JobError | None
    deadline: Moment | None = Field(description="Still queued then, it fails.")
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class SubmittedJob(Job):
    existing: bool = Field(description="The same recording and spec were submitted before: this is their job.")


class Changed(Shape):
    jobs: int = Field(description="How many jobs changed their state.")


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
    created_at: Moment


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
    created_at: Moment
    sha256: str = Field(description="Of the manifest's lines.")
    rows: int
    made: int = Field(description="Rows that made a job.")
    existing: int = Field(description="Rows whose job was there before; the batch counts it too.")
    refused: int
    problems: list[ManifestProblem] = Field(description="The first thousand of the refused rows.")


Jobs = Page[Job]
