"""Imports and their problems as JSON."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.imports.life import get_import
from worker.models import Import, ImportProblem
from worker.views.pages import Page, Window, paged
from worker.views.times import iso

View = dict[str, Any]
SHOWN = ("kind", "folder", "name", "type", "patterns", "naming", "sidecars", "copy")


def list_imports(session: Session, archive: str, window: Window) -> Page:
    """A page of the archive's imports, newest first."""
    rows = session.execute(window.over(select(Import).where(Import.archive == archive), Import.id))
    return paged([_view(row) for (row,) in rows], window)


def read_import(session: Session, import_id: str) -> View:
    """The import's JSON; raises UnknownImport."""
    return _view(get_import(session, import_id))


def list_problems(session: Session, import_id: str, limit: int, after: int) -> Page:
    """The rows that could not be used, in their order; ``after`` is the number of the last that was seen."""
    get_import(session, import_id)
    wanted = select(ImportProblem).where(ImportProblem.import_id == import_id, ImportProblem.id > after)
    rows = list(session.scalars(wanted.order_by(ImportProblem.id).limit(limit + 1)))
    items = [{"line": row.line, "name": row.name, "error": row.error} for row in rows[:limit]]
    return {"items": items, "next": str(rows[limit - 1].id) if len(rows) > limit else None}


def _view(row: Import) -> View:
    return {
        "id": row.id,
        "archive": row.archive,
        "status": row.status,
        "source": {name: row.source.get(name) for name in SHOWN},
        "transcribe": row.options,
        "batch": row.batch_id,
        "total": row.total,
        "rows": row.rows,
        "added": row.added,
        "existing": row.existing,
        "refused": row.refused,
        "error": row.error,
        "created_at": iso(row.created_ms),
        "finished_at": iso(row.finished_ms),
    }
