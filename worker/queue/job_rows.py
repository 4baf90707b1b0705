"""Adding jobs for recordings that are there: many in a few statements, each looked up first where it exists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from worker.database import clock
from worker.ids import new_id
from worker.models import Job, Recording
from worker.queue.batches import count_in
from worker.queue.waiting import Blocks
from worker.spec import Spec
from worker.states import JobState


class ExistingJob(NamedTuple):
    """A job that is there. One of a campaign is nobody's answer to a submission: its transcript waits."""

    id: str
    spec: Spec
    of_campaign: bool = False


@dataclass(frozen=True)
class JobSubmission:
    """The job that was made, or the one that was there already."""

    job_id: str
    existing: bool


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A job for a recording, with what its row takes over.

    ``fresh``: not the one that exists, but one after it. ``alone``: the recording is new and has no jobs yet.
    """

    recording_id: str
    spec: Spec
    archive: str
    batch_id: str | None = None
    external_id: str | None = None
    labels: dict[str, Any] = field(default_factory=dict)
    retry_of: str | None = None
    campaign_id: str | None = None
    deadline_ms: int | None = None
    fresh: bool = False
    alone: bool = False


def find_or_add_jobs(session: Session, new_jobs: Sequence[NewJob]) -> list[JobSubmission]:
    """A job for each, made or found, in their order. The caller has locked the recordings' rows."""
    existing = jobs_of(session, {job.recording_id for job in new_jobs if not job.alone})
    made: list[tuple[str, NewJob]] = []
    submitted = [_find_or_plan(job, existing.setdefault(job.recording_id, []), made) for job in new_jobs]
    add_jobs(session, made)
    count_in(session, [(job.batch_id, done.job_id) for job, done in zip(new_jobs, submitted, strict=True)])
    return submitted


def _find_or_plan(job: NewJob, existing: list[ExistingJob], made: list[tuple[str, NewJob]]) -> JobSubmission:
    """``existing`` and ``made`` take in the new job, so that the same one twice is made once."""
    latest = latest_equal(existing, job.spec) if job.fresh else own_equal(existing, job.spec)
    if latest is not None and not job.fresh:
        return JobSubmission(latest[0], existing=True)
    if latest is not None:
        job = replace(job, spec=replace(job.spec, revision=latest[1] + 1))
    job_id = new_id()
    made.append((job_id, job))
    existing.append(ExistingJob(job_id, job.spec))
    return JobSubmission(job_id, existing=False)


def jobs_of(session: Session, recording_ids: Iterable[str]) -> dict[str, list[ExistingJob]]:
    """The jobs of each recording, in no order."""
    existing: dict[str, list[ExistingJob]] = {recording_id: [] for recording_id in recording_ids}
    if not existing:
        return existing
    columns = (Job.recording_id, Job.id, Job.spec, Job.campaign_id)
    rows = session.execute(select(*columns).where(Job.recording_id.in_(existing)))
    for recording_id, job_id, fields, campaign_id in rows:
        existing[recording_id].append(ExistingJob(job_id, Spec.from_json(fields), campaign_id is not None))
    return existing


def latest_equal(existing: Iterable[ExistingJob], spec: Spec) -> tuple[str, int] | None:
    """Id and revision of the latest job for this spec, or for it with a higher revision."""
    equal = [
        (job.spec.revision, job.id)
        for job in existing
        if job.spec.revision >= spec.revision and replace(job.spec, revision=spec.revision).digest == spec.digest
    ]
    revision, job_id = max(equal, default=(0, None))  # ids sort by age
    return None if job_id is None else (job_id, revision)


def own_equal(existing: Iterable[ExistingJob], spec: Spec) -> tuple[str, int] | None:
    """The same among jobs that no campaign made."""
    return latest_equal((job for job in existing if not job.of_campaign), spec)


def add_job(session: Session, job: NewJob) -> str:
    """Insert a queued job, whatever there is already; its id."""
    job_id = new_id()
    add_jobs(session, [(job_id, job)])
    count_in(session, [(job.batch_id, job_id)])
    return job_id


def add_jobs(session: Session, made: Sequence[tuple[str, NewJob]]) -> None:
    """Insert queued jobs with these ids."""
    if not made:
        return
    context = _InsertContext.read(session, [job for _, job in made])
    session.execute(insert(Job), [context.row(job_id, job) for job_id, job in made])


@dataclass(frozen=True)
class _InsertContext:
    """What new jobs take from rows beside them: read once for all of them."""

    now_ms: int
    audio: dict[str, str]  # by recording
    blocks: Blocks

    @classmethod
    def read(cls, session: Session, new_jobs: Sequence[NewJob]) -> "_InsertContext":
        now_ms = clock(session)
        blocks = Blocks.read(session, {job.spec.service for job in new_jobs}, now_ms)
        return cls(now_ms, _audio_of(session, {job.recording_id for job in new_jobs}), blocks)

    def row(self, job_id: str, job: NewJob) -> dict[str, Any]:
        spec = job.spec
        return {
            "id": job_id,
            "recording_id": job.recording_id,
            "archive": job.archive,
            "batch_id": job.batch_id,
            "external_id": job.external_id,
            "labels": job.labels,
            "retry_of": job.retry_of,
            "campaign_id": job.campaign_id,
            "deadline_ms": job.deadline_ms,
            "status": JobState.QUEUED,
            "lane": spec.lane,
            "priority": spec.priority,
            "spec": spec.to_json(),
            "spec_digest": spec.digest,
            "recognition_key": spec.recognition_key,
            "audio": self.audio[job.recording_id],
            "service": spec.service,
            "due_ms": self.now_ms,
            "created_ms": self.now_ms,
            "changed_ms": self.now_ms,
            **self.blocks.of(job, spec.service),
        }


def _audio_of(session: Session, recording_ids: Iterable[str]) -> dict[str, str]:
    """What is worked on once at a time, the same for all jobs of a recording.

    Bytes of our own are known by their digest, in whichever archive they are. A source in place is known by its
    recording, even when a fetch has shown its digest: its older jobs were submitted before that.
    """
    columns = (Recording.id, Recording.digest, Recording.source_url)
    rows = session.execute(select(*columns).where(Recording.id.in_(recording_ids)))
    return {row.id: row.digest if row.digest and row.source_url is None else row.id for row in rows}
