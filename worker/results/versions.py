"""Versions of a recording's transcript: brought from elsewhere, made the current one, and pinned.

A transcript is never changed. A pinned one, as a person has corrected it, stays the current one whatever jobs answer.
Each verb locks the recording's row until the caller commits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from worker.database import change, clock
from worker.errors import UnknownRecording, UnknownTranscript
from worker.ids import new_id
from worker.models import Recording, Transcript
from worker.results.transcript_readers import BroughtTranscript
from worker.results.transcripts import join_texts
from worker.search.index import add_to_index
from worker.states import Origin

MAKER = (Transcript.service, Transcript.model, Transcript.language)


@dataclass(frozen=True)
class AddedVersion:
    """A version's id; ``existing``: it was brought before."""

    id: str
    existing: bool


def add_version(session: Session, recording_id: str, brought: BroughtTranscript, *, pin: bool = False) -> AddedVersion:
    """A transcript that something else or a person has made. It is the current one if pinned, or the first.

    One that says the same as a version that was brought before is that version: the same file twice adds nothing.
    """
    recording = _locked(session, recording_id)
    row = _row(recording, brought)
    there = _same(session, row)
    added = AddedVersion(there or new_id(), existing=there is not None)
    if not added.existing:
        session.execute(insert(Transcript).values(id=added.id, created_ms=clock(session), **row))
        add_to_index(session, added.id, recording_id, row["segments"], brought.language)
    if pin or recording.current_transcript_id is None:
        _point(session, recording_id, added.id, pin=pin)
    return added


def make_current(session: Session, recording_id: str, transcript_id: str, *, pin: bool = False) -> None:
    """Let one of the recording's versions be the current one; ``pin`` keeps it so, and False lets jobs move it again.

    Raises UnknownRecording, UnknownTranscript.
    """
    _locked(session, recording_id)
    own = (Transcript.id == transcript_id, Transcript.recording_id == recording_id)
    if session.scalar(select(Transcript.id).where(*own)) is None:
        raise UnknownTranscript(f"The recording {recording_id!r} has no transcript {transcript_id!r}.")
    _point(session, recording_id, transcript_id, pin=pin)


def _row(recording: Recording, brought: BroughtTranscript) -> dict[str, Any]:
    segments = [segment.model_dump() for segment in brought.segments]
    return {
        "recording_id": recording.id,
        "origin": Origin.IMPORT,
        "service": brought.service,
        "model": brought.model,
        "language": brought.language,
        "duration_ms": recording.duration_ms or max((segment["end_ms"] for segment in segments), default=0),
        "sent_ms": 0,
        "text": join_texts(segment["text"] for segment in segments),
        "gaps": [],
        "segments": segments,
        "flags_count": sum(bool(segment["flags"]) for segment in segments),
    }


def _same(session: Session, row: Mapping[str, Any]) -> str | None:
    """The version from elsewhere that says the same at the same times, by the same maker."""
    columns = (Transcript.recording_id, Transcript.origin, Transcript.text)
    alike = (
        *(column == row[column.key] for column in columns),
        *(column.is_not_distinct_from(row[column.key]) for column in MAKER),
    )
    found = session.execute(select(Transcript.id, Transcript.segments).where(*alike).order_by(Transcript.id))
    return next((row_id for row_id, segments in found if _said(segments) == _said(row["segments"])), None)


def _said(segments: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What makes two versions the same. Plain text has no times of its own: its end is the recording's, once known."""
    plain = len(segments) == 1 and segments[0]["start_ms"] == 0
    return [{name: value for name, value in one.items() if not (plain and name == "end_ms")} for one in segments]


def _locked(session: Session, recording_id: str) -> Recording:
    found = session.scalar(select(Recording).where(Recording.id == recording_id).with_for_update(key_share=True))
    if found is None:
        raise UnknownRecording(f"There is no recording {recording_id!r}.")
    return found


def _point(session: Session, recording_id: str, transcript_id: str, *, pin: bool) -> None:
    values = {"current_transcript_id": transcript_id, "pinned": pin}
    session.execute(change(Recording).where(Recording.id == recording_id).values(values))
