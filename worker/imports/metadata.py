"""Recordings that a person brings or describes: one at a time, under the same rules as an import's."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.database import change
from worker.errors import DuplicateExternalId, UnknownRecording
from worker.imports.chunks import house_of, lock_archive, settle
from worker.models import Recording
from worker.recordings import Found, NewRecording, find_or_add


def add_recording(session: Session, recording: NewRecording) -> Found:
    """Add it, or find it by its bytes and fill in what was not known. Raises DuplicateExternalId, SourceChanged."""
    lock_archive(session, recording.archive)
    match = house_of(session, recording.archive, [recording]).match(recording)
    return find_or_add(session, [settle(session, match, recording)])[0]


def describe(session: Session, recording_id: str, changes: Mapping[str, Any]) -> None:
    """Change what its owner says of a recording. Raises UnknownRecording, DuplicateExternalId."""
    archive = session.scalar(select(Recording.archive).where(Recording.id == recording_id))
    if archive is None:
        raise UnknownRecording(f"There is no recording {recording_id!r}.")
    lock_archive(session, archive)
    if external_id := changes.get("external_id"):
        same = (Recording.archive == archive, Recording.external_id == external_id, Recording.id != recording_id)
        if other := session.scalar(select(Recording.source).where(*same).limit(1)):
            raise DuplicateExternalId(f"The external id {external_id!r} is that of {other} already.")
    if changes:
        session.execute(change(Recording).where(Recording.id == recording_id).values(dict(changes)))
