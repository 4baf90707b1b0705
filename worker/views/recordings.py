"""Recordings, the versions of their transcripts, and where words are said in the current ones."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from worker import models
from worker.errors import UnknownRecording
from worker.models import Transcript
from worker.search import index
from worker.search.query import Term, parse, snippet
from worker.shapes.base import Page, moment
from worker.shapes.recordings import FoundSegment, Hit, Hits, Recording, Recordings
from worker.shapes.selection import RecordingFields
from worker.shapes.transcripts import Version, Versions
from worker.views.pages import PageRequest, make_page


def list_recordings(session: Session, page: PageRequest, chosen: RecordingFields) -> Page[Recording]:
    """A page of the recordings that are chosen, newest first."""
    rows = session.scalars(page.rows_of(select(models.Recording).where(*_conditions(chosen)), models.Recording.id))
    return make_page(Recordings, [_recording(row) for row in rows], page)


def _conditions(chosen: RecordingFields) -> list[ColumnElement[bool]]:
    columns = {
        models.Recording.archive: chosen.archive,
        models.Recording.external_id: chosen.external_id,
        models.Recording.language: chosen.language,
        models.Recording.digest: chosen.digest,
    }
    equal = [column == value for column, value in columns.items() if value is not None]
    return equal + [models.Recording.labels[name].as_string() == value for name, value in chosen.labels.items()]


def show_recording(session: Session, recording_id: str) -> Recording:
    """Raises UnknownRecording."""
    return _recording(_get(session, recording_id))


def list_versions(session: Session, recording_id: str, page: PageRequest) -> Page[Version]:
    """A page of the recording's transcripts without their segments, newest first; raises UnknownRecording."""
    recording = _get(session, recording_id)
    rows = session.scalars(
        page.rows_of(select(Transcript).where(Transcript.recording_id == recording_id), Transcript.id)
    )
    return make_page(Versions, [_version(row, recording) for row in rows], page)


def show_version(session: Session, transcript_id: str) -> Version:
    """One transcript without its segments."""
    row = session.get_one(Transcript, transcript_id)
    return _version(row, session.get_one(models.Recording, row.recording_id))


def search(session: Session, query: str, where: index.SearchFilter, page: PageRequest) -> Page[Hit]:
    """A page of hits in current transcripts, newest first; raises InvalidRequest for a query that cannot be read."""
    terms = parse(query)
    before = None if page.before is None else int(page.before, 16)
    hits = index.find(session, terms, where, before=before, limit=page.limit + 1)
    return make_page(Hits, [_hit(hit, terms) for hit in hits], page)


def _get(session: Session, recording_id: str) -> models.Recording:
    row = session.get(models.Recording, recording_id)
    if row is None:
        raise UnknownRecording(f"There is no recording {recording_id!r}.")
    return row


def _recording(row: models.Recording) -> Recording:
    return Recording(
        id=row.id,
        archive=row.archive,
        source=row.source,
        external_id=row.external_id,
        labels=row.labels,
        digest=row.digest,
        language=row.language,
        recorded_at=moment(row.recorded_ms),
        size_bytes=row.size_bytes,
        duration_ms=row.duration_ms,
        channels=row.channels,
        current_transcript=row.current_transcript_id,
        pinned=row.pinned,
        created_at=moment(row.created_ms),
    )


def _version(row: Transcript, recording: models.Recording) -> Version:
    current = row.id == recording.current_transcript_id
    return Version(
        id=row.id,
        job=row.job_id,
        origin=row.origin,
        current=current,
        pinned=current and recording.pinned,
        service=row.service,
        model=row.model,
        language=row.language,
        duration_ms=row.duration_ms,
        sent_ms=row.sent_ms,
        segments=len(row.segments),
        gaps=len(row.gaps),
        text=row.text,
        created_at=moment(row.created_ms),
    )


def _hit(hit: index.Hit, terms: Sequence[Term]) -> Hit:
    segment, recording, text = hit.segment, hit.recording, hit.text
    return Hit(
        id=f"{hit.row.id:032x}",  # as long as other ids, so that pages are turned as others are
        recording=recording.id,
        external_id=recording.external_id,
        source=recording.source,
        archive=recording.archive,
        recorded_at=moment(recording.recorded_ms),
        transcript=hit.row.transcript_id,
        segment=FoundSegment(
            channel=segment["channel"],
            speaker=segment.get("speaker"),
            start_ms=segment["start_ms"],
            end_ms=segment["end_ms"],
            language=hit.row.language,
            text=text,
        ),
        snippet=snippet(text, terms),
    )
