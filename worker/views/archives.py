"""Archives, the imports that fill them, and what an import would take."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker import models
from worker.archive_rules import get_archive
from worker.imports.estimate import ListingCounts
from worker.imports.life import get_import
from worker.services.lookup import Services
from worker.shapes.archives import (
    Archive,
    Archives,
    Import,
    ImportEstimate,
    ImportProblem,
    ImportProblems,
    Imports,
    ImportSource,
    RowError,
    SyncedFolder,
)
from worker.shapes.base import Page, moment
from worker.spec import Spec
from worker.spending.estimates import EstimateRequest, estimate_for
from worker.views.pages import PageRequest, make_page


def list_archives(session: Session, page: PageRequest) -> Page[Archive]:
    """A page of the archives that were set up, newest first."""
    rows = session.scalars(page.rows_of(select(models.Archive), models.Archive.id))
    return make_page(Archives, [_archive(row) for row in rows], page)


def read_archive(session: Session, name: str) -> Archive:
    """Raises UnknownArchive."""
    return _archive(get_archive(session, name))


def list_imports(session: Session, archive: str, page: PageRequest) -> Page[Import]:
    """A page of the archive's imports, newest first."""
    of_archive = select(models.Import).where(models.Import.archive == archive)
    rows = session.scalars(page.rows_of(of_archive, models.Import.id))
    return make_page(Imports, [_import(row) for row in rows], page)


def read_import(session: Session, import_id: str) -> Import:
    """Raises UnknownImport."""
    return _import(get_import(session, import_id))


def list_problems(session: Session, import_id: str, limit: int, after: int) -> Page[ImportProblem]:
    """The rows that could not be used, in their order; ``after`` is the number of the last that was seen."""
    get_import(session, import_id)
    table = models.ImportProblem
    later = select(table).where(table.import_id == import_id, table.id > after)
    rows = list(session.scalars(later.order_by(table.id).limit(limit + 1)))
    items = [ImportProblem(line=row.line, name=row.name, error=RowError.read(row.error)) for row in rows[:limit]]
    return ImportProblems(items=items, next=str(rows[limit - 1].id) if len(rows) > limit else None)


def estimate_import(
    session: Session, services: Services, archive: str, counted: ListingCounts, spec: Spec | None
) -> ImportEstimate:
    """What an import would take, and what its jobs would cost; ``spec`` is theirs, or None where there will be none."""
    taken = counted.view()
    if spec is None or counted.audio_ms is None:
        return taken
    jobs = EstimateRequest(
        recordings=counted.recordings,
        audio_ms=counted.audio_ms,
        archive=archive,
        service=spec.service,
        model=spec.model,
        streamed=spec.is_streamed,
    )
    service, model, made = estimate_for(session, services, jobs)
    no_price = f"No price is known for {model!r} of {service.name!r}: so the money is not known."
    costs = {
        "to_send_ms": made.to_send_ms,
        "ratio_from": made.ratio_from,
        "cost_usd": made.cost_usd,
        "time_s": made.time_s,
        "unknown": no_price if made.cost_usd is None else None,
    }
    return taken.model_copy(update=costs)


def _archive(row: models.Archive) -> Archive:
    return Archive(
        id=row.id,
        name=row.name,
        service=row.service,
        language=row.language,
        channels=row.channels,
        channel_labels=row.channel_labels,
        services=row.services,
        sync=None if row.sync is None else SyncedFolder.read(row.sync),
        created_at=moment(row.created_ms),
    )


def _import(row: models.Import) -> Import:
    shown = {name: row.source.get(name) for name in ("kind", "folder", "name", "type", "patterns", "naming")}
    return Import(
        id=row.id,
        archive=row.archive,
        status=row.status,
        source=ImportSource(**shown, sidecars=row.source.get("sidecars"), copy=row.source.get("copy")),
        transcribe=row.options,
        batch=row.batch_id,
        total=row.total,
        rows=row.rows,
        added=row.added,
        existing=row.existing,
        refused=row.refused,
        error=None if row.error is None else RowError.read(row.error),
        created_at=moment(row.created_ms),
        finished_at=moment(row.finished_ms),
    )
