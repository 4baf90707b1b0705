"""A job's transcript as JSON: the finished one, or what is there of it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.errors import InvalidRequest, NotReady, UnknownJob, UnknownTranscript
from worker.models import Job, Recording, Transcript
from worker.results.comparison import compare
from worker.results.transcripts import assemble, read_segments, speakers_of
from worker.spec import Spec
from worker.states import ENDED, Origin

View = dict[str, Any]


def read_transcript(session: Session, job_id: str, *, partial: bool = False) -> View:
    """The job's transcript; with ``partial`` in every state. Raises UnknownJob, NotReady."""
    job = session.get(Job, job_id)
    if job is None:
        raise UnknownJob(f"There is no job {job_id!r}.")
    finished = session.scalar(select(Transcript).where(Transcript.job_id == job_id))
    if finished is not None:
        return _finished(finished)
    if not partial:
        raise NotReady(_why(job))
    return _so_far(session, job)


def read_version(session: Session, transcript_id: str) -> tuple[View, str]:
    """One version, and the name of its recording; raises UnknownTranscript."""
    found = _get_version(session, transcript_id)
    return _finished(found), session.get_one(Recording, found.recording_id).source


def compare_versions(session: Session, old_id: str, new_id: str) -> View:
    """Two versions of one recording side by side; raises UnknownTranscript, InvalidRequest.

    A version from elsewhere that somebody pinned counts as what was said.
    """
    old, new = (_get_version(session, transcript_id) for transcript_id in (old_id, new_id))
    if old.recording_id != new.recording_id:
        raise InvalidRequest("with: the two transcripts are of different recordings.")
    recording = session.get_one(Recording, old.recording_id)
    pinned = recording.pinned and recording.current_transcript_id == old.id
    compared = compare(_finished(old), _finished(new), old_is_human=pinned and old.origin == Origin.IMPORT)
    return {"recording": old.recording_id, "old_id": old.id, "new_id": new.id, **compared}


def source_of(session: Session, job_id: str) -> str:
    """The name of the job's recording, for the name of a download."""
    found = session.scalar(select(Recording.source).join(Job, Job.recording_id == Recording.id).where(Job.id == job_id))
    return found or job_id


def _get_version(session: Session, transcript_id: str) -> Transcript:
    found = session.get(Transcript, transcript_id)
    if found is None:
        raise UnknownTranscript(f"There is no transcript {transcript_id!r}.")
    return found


def _why(job: Job) -> str:
    if job.status in ENDED:
        return f"The job is {job.status} and has no transcript; ?partial=true gives what was answered."
    return f"The job is {job.status}: wait for its end, or ask with ?partial=true for what is there."


def _finished(row: Transcript) -> View:
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


def _so_far(session: Session, job: Job) -> View:
    known = assemble(read_segments(session, job.id), speakers_of(job))
    spec = Spec.from_json(job.spec)
    return {
        "recording": job.recording_id,
        "job": job.id,
        "service": job.service,
        "model": known.model or spec.model,
        "language": known.language or spec.language,
        "duration_ms": job.audio_ms,
        "sent_ms": known.sent_ms + job.sent_outside_ms,
        "text": known.text,
        "gaps": known.gaps,
        "segments": known.segments,
    }
