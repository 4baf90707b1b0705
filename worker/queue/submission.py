"""Submitting: recordings, each with a job that is made or found. The verb that makes jobs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from worker.database import clock
from worker.queue.job_rows import JobSubmission, NewJob, find_or_add_jobs
from worker.recordings import NewRecording, RecordingRef, find_or_add
from worker.shapes.times import Deadline
from worker.spec import RequestedSpec, Spec


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A recording, and what is to be done with it.

    ``fresh`` makes a new job whose revision is above those before it, so that no stored answer is reused.
    ``own_languages``: see `RequestedSpec`.
    """

    recording: NewRecording
    spec: Spec
    batch_id: str | None = None
    external_id: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    deadline: Deadline | None = None
    fresh: bool = False
    retry_of: str | None = None
    own_languages: frozenset[str] = frozenset()

    def job_for(self, recording: RecordingRef, now_ms: int) -> NewJob:
        """The job of the recording's row."""
        return NewJob(
            recording_id=recording.id,
            spec=RequestedSpec(self.spec, self.own_languages).in_language(recording.language),
            archive=self.recording.archive,
            batch_id=self.batch_id,
            external_id=self.external_id,
            labels=self.labels,
            retry_of=self.retry_of,
            deadline_ms=self.deadline.moment(now_ms) if self.deadline else None,
            fresh=self.fresh,
            alone=recording.added,
        )


def submit(session: Session, recording: NewRecording, spec: Spec, **options: Any) -> JobSubmission:  # noqa: ANN401  # Submission's other fields
    """One submission."""
    return submit_many(session, [Submission(recording=recording, spec=spec, **options)])[0]


def submit_many(session: Session, submissions: Sequence[Submission]) -> list[JobSubmission]:
    """Add each recording and a job for it, or find the job that exists for the same recording and spec.

    A failed or cancelled job is found too: it is retried, not made again. Equal submissions at the same moment make
    one job: the recordings' rows are locked until the caller commits. So few thousand at once, and then a commit.
    """
    if not submissions:
        return []
    recordings = find_or_add(session, [one.recording for one in submissions])
    now_ms = clock(session)
    pairs = zip(submissions, recordings, strict=True)
    return find_or_add_jobs(session, [one.job_for(recording, now_ms) for one, recording in pairs])
