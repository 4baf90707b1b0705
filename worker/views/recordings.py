"""Recordings and their transcripts' versions as JSON."""

from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from worker.errors import UnknownRecording
from worker.models import Recording, Transcript
from worker.shapes.selection import RecordingFields
from worker.views.pages import Page, Window, paged
from worker.views.times import iso

View = dict[str, Any]


def list_recordings(session: Session, window: Window, chosen: RecordingFields) -> Page:
    """A page of the recordings that are chosen, newest first."""
    rows = session.execute(window.over(select(Recording).where(*_conditions(chosen)), Recording.id))
    return paged([_view(row) for (row,) in rows], window)


def _conditions(chosen: RecordingFields) -> list[ColumnElement[bool]]:
    columns = {
        Recording.archive: chosen.archive,
        Recording.external_id: chosen.external_id,
        Recording.language: chosen.language,
        Recording.digest: chosen.digest,
    }
    equal = [column == value for column, value in columns.items() if value is not None]
    return equal + [Recording.labels[name].as_string() == value for name, value in chosen.labels.items()]


def read_recording(session: Session, recording_id: str) -> View:
    """The recording's JSON; raises UnknownRecording."""
    return _view(_get(session, recording_id))


def list_transcripts(session: Session, recording_id: str, window: Window) -> Page:
    """A page of the recording's transcripts without their segments, newest first; raises UnknownRecording."""
    recording = _get(session, recording_id)
    wanted = select(Transcript).where(Transcript.recording_id == recording_id)
    rows = session.execute(window.over(wanted, Transcript.id))
    return paged([_version(row, recording) for (row,) in rows], window)


def version_view(session: Session, transcript_id: str) -> View:
    """One transcript without its segments."""
    row = session.get_one(Transcript, transcript_id)
    return _version(row, session.get_one(Recording, row.recording_id))


def _get(session: Session, recording_id: str) -> Recording:
    found = session.get(Recording, recording_id)
    if found is None:
        raise UnknownRecording(f"There is no recording {recording_id!r}.")
    return found


def _view(row: Recording) -> View:
    return {
        "id": row.id,
        "archive": row.archive,
        "source": row.source,
        "external_id": row.external_id,
        "labels": row.labels,
        "digest": row.digest,
        "language": row.language,
        "recorded_at": iso(row.recorded_ms),
        "size_bytes": row.size_bytes,
        "duration_ms": row.duration_ms,
        "channels": row.channels,
        "current_transcript": row.current_transcript_id,
        "pinned": row.pinned,
        "created_at": iso(row.created_ms),
    }


def _version(row: Transcript, recording: Recording) -> View:
    current = row.id == recording.current_transcript_id
    return {
        "id": row.id,
        "job": row.job_id,
        "origin": row.origin,
        "current": current,
        "pinned": current and recording.pinned,
        "service": row.service,
        "model": row.model,
        "language": row.language,
        "duration_ms": row.duration_ms,
        "sent_ms": row.sent_ms,
        "segments": len(row.segments),
        "gaps": len(row.gaps),
        "text": row.text,
        "created_at": iso(row.created_ms),
    }
