"""Jobs."""

from pydantic import AwareDatetime, Field

from worker.shapes.base import Page, Shape


class Progress(Shape):
    segments_done: int
    segments_total: int | None = Field(description="Null until the cut is complete.")
    audio_ms_done: int = Field(description="How far along the recording, silence included.")
    audio_ms_total: int | None = Field(description="Null while unknown.")


class Waiting(Shape):
    code: str
    message: str | None
    since: AwareDatetime | None
    next_try_at: AwareDatetime | None


class JobError(Shape):
    code: str
    message: str
    stage: str | None
    retryable: bool
    service_code: str | None
    hint: str | None


class Spec(Shape):
    service: str
    model: str
    language: str | None
    context: str
    channels: str
    channel_labels: dict[str, str] = Field(description="Who speaks, by the channel's number.")
    segmentation: str
    cut: dict[str, int] = Field(description="Numbers of the preset that the job has set.")
    voice: bool = Field(description="What has no speech in it was left out.")
    lane: str
    priority: int
    revision: int
    version: str = Field(
        description="Of Longhand, when the job was made; another one alone makes nothing be sent again."
    )
    identity: str = Field(description="Who the service really is, where that is not its name; else empty.")


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
    deadline: AwareDatetime | None = Field(description="Still queued then, it fails.")
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None


class SubmittedJob(Job):
    existing: bool = Field(description="The same recording and spec were submitted before: this is their job.")


class Changed(Shape):
    jobs: int = Field(description="How many jobs changed their state.")


Jobs = Page[Job]
