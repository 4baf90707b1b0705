"""A job's transcript, the finished one or what is there of it, and two versions side by side."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker import models
from worker.errors import InvalidRequest, NotReady, UnknownJob, UnknownTranscript
from worker.models import Job, Recording
from worker.results.comparison import compare
from worker.results.transcripts import assemble, read_segments, speakers_of
from worker.shapes.transcripts import Comparison, Transcript
from worker.spec import Spec
from worker.states import ENDED, Origin


def read_transcript(session: Session, job_id: str, *, partial: bool = False) -> Transcript:
    """The job's transcript; with ``partial`` in every state. Raises UnknownJob, NotReady."""
    job = session.get(Job, job_id)
    if job is None:
        raise UnknownJob(f"There is no job {job_id!r}.")
    finished = session.scalar(select(models.Transcript).where(models.Transcript.job_id == job_id))
    if finished is not None:
        return Transcript.read(_fields(finished))
    if not partial:
        raise NotReady(_why(job))
    return _so_far(session, job)


def read_version(session: Session, transcript_id: str) -> tuple[Transcript, str]:
    """One version, and the name of its recording; raises UnknownTranscript."""
    row = _get_version(session, transcript_id)
    source = session.get_one(Recording, row.recording_id).source
    return Transcript.read(_fields(row)), source


def compare_versions(session: Session, old_id: str, new_id: str) -> Comparison:
    """Two versions of one recording side by side; raises UnknownTranscript, InvalidRequest.

    A version from elsewhere that somebody pinned counts as what was said.
    """
    old, new = (_get_version(session, transcript_id) for transcript_id in (old_id, new_id))
    if old.recording_id != new.recording_id:
        raise InvalidRequest("with: the two transcripts are of different recordings.")
    recording = session.get_one(Recording, old.recording_id)
    pinned = recording.pinned and recording.current_transcript_id == old.id
    compared = compare(_fields(old), _fields(new), old_is_human=pinned and old.origin == Origin.IMPORT)
    return Comparison(recording=old.recording_id, old_id=old.id, new_id=new.id, **compared)


def source_of(session: Session, job_id: str) -> str:
    """The name of the job's recording, for the name of a download."""
    of_job = select(Recording.source).join(Job, Job.recording_id == Recording.id).where(Job.id == job_id)
    return session.scalar(of_job) or job_id


def _get_version(session: Session, transcript_id: str) -> models.Transcript:
    row = session.get(models.Transcript, transcript_id)
    if row is None:
        raise UnknownTranscript(f"There is no transcript {transcript_id!r}.")
    return row


def _why(job: Job) -> str:
    if job.status in ENDED:
        return f"The job is {job.status} and has no transcript; ?partial=true gives what was answered."
    return f"The job is {job.status}: wait for its end, or ask with ?partial=true for what is there."


def _fields(row: models.Transcript) -> dict[str, Any]:
    return {
        "recording": row.recording_id,
        "job": row.job_id,
        "service": row.service,
        "model": row.model,
        "language": row.language,
        "duration_ms": row.duration_ms,
        "sent_ms": row.sent_ms,
        "text": row.text,
        "gaps": row.gaps,
        "segments": row.segments,
    }


def _so_far(session: Session, job: Job) -> Transcript:
    assembled = assemble(read_segments(session, job.id), speakers_of(job))
    spec = Spec.from_json(job.spec)
    return Transcript.model_validate(
        {
            "recording": job.recording_id,
            "job": job.id,
            "service": job.service,
            "model": assembled.model or spec.model,
            "language": assembled.language or spec.language,
            "duration_ms": job.audio_ms,
            "sent_ms": assembled.sent_ms + job.sent_outside_ms,
            "text": assembled.text,
            "gaps": assembled.gaps,
            "segments": assembled.segments,
        }
    )
