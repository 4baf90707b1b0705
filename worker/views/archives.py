"""Archives as JSON."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.archive_rules import get_archive
from worker.models import Archive
from worker.views.pages import Page, Window, paged
from worker.views.times import iso

View = dict[str, Any]


def list_archives(session: Session, window: Window) -> Page:
    """A page of the archives that were set up, newest first."""
    rows = session.execute(window.over(select(Archive), Archive.id))
    return paged([_view(row) for (row,) in rows], window)


def read_archive(session: Session, name: str) -> View:
    """Raises UnknownArchive."""
    return _view(get_archive(session, name))


def _view(row: Archive) -> View:
    return {
        "id": row.id,
        "name": row.name,
        "service": row.service,
        "language": row.language,
        "channels": row.channels,
        "channel_labels": row.channel_labels,
        "services": row.services,
        "sync": row.sync,
        "created_at": iso(row.created_ms),
    }
