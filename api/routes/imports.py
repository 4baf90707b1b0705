"""Imports: an archive is filled in the background, and says how far it is."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from api.http.authentication import READ, SUBMIT
from api.http.bodies import pulled, read_body, within
from api.http.dependencies import Dependencies, Deps
from api.http.idempotent_writes import Answer, IdempotentWrite, Once
from api.http.queries import PageQuery
from api.requests.docs import IMPORT, problems
from api.requests.imports import ImportFields, ManifestUpload, expected, folder_source, job_options, read_import_fields
from api.requests.uploads import refuse_length
from api.routes.archives import ArchiveName
from worker.archive_rules import locked_archive
from worker.errors import InvalidRequest
from worker.imports.life import add_import, cancel_import, open_import
from worker.imports.manifests import is_manifest, kind_of
from worker.shapes.archives import Import, ImportEstimate, ImportProblem
from worker.shapes.base import Page
from worker.views.archives import list_imports, list_problems, read_import
from worker.views.pages import MAX_LIMIT

router = APIRouter(tags=["imports"])
SETTLE_S = 60.0
MOST_SETTLE_S = 30 * 24 * 3600.0


@dataclass(frozen=True)
class PreparedImport:
    """An import that only has to be inserted; ``total`` are a manifest's lines, ``digest`` its SHA-256."""

    archive: str
    source: dict[str, Any]
    options: dict[str, Any] | None
    total: int | None = None
    digest: str = ""


@router.post(
    "/v1/archives/{name}/imports",
    dependencies=[SUBMIT],
    status_code=202,
    response_model=None,  # there are two, and each has its status
    responses={
        200: {"model": ImportEstimate, "description": "What a dry run would take."},
        202: {"model": Import, "description": "Successful Response"},
        **problems(400, 409, 413, 422),
    },
    openapi_extra=IMPORT,
)
async def start_import(name: ArchiveName, request: Request, deps: Deps, once: Once) -> Import | ImportEstimate:
    """Fill the archive from a manifest (JSON lines or CSV as the body) or from a folder (JSON). Answers at once; the
    rows are read in the background. Nothing is transcribed unless `transcribe` asks for it."""
    content_type = request.headers.get("content-type", "")
    if is_manifest(content_type):
        return await _manifest(name, request, deps, once)
    fields = read_import_fields(await read_body(request))
    return await run_in_threadpool(_folder, name, fields, deps, once)


async def _manifest(name: str, request: Request, deps: Dependencies, once: IdempotentWrite) -> Import:
    at_most, query = deps.settings.max_upload_bytes, dict(request.query_params)
    refuse_length(request.headers.get("content-length"), at_most)
    upload = ManifestUpload(deps, kind_of(request.headers.get("content-type", "")), query)
    options = await run_in_threadpool(job_options, name, upload.transcribe, deps)
    body = within(at_most, pulled(aiter(request.stream())))
    source, lines, digest = await deps.uploads.receive(request, lambda: upload.keep(body))
    prepared = PreparedImport(name, source, options, lines, digest)
    return await run_in_threadpool(_start, prepared, once)


def _folder(name: str, fields: ImportFields, deps: Dependencies, once: IdempotentWrite) -> Import | ImportEstimate:
    source, options = folder_source(fields, deps), job_options(name, fields.transcribe, deps)
    if fields.dry_run:
        return once.answered(Answer(expected(deps, name, source, options)))
    return _start(PreparedImport(name, source, options), once)


def _start(prepared: PreparedImport, once: IdempotentWrite) -> Import:
    def work(session: Session) -> Answer[Import]:
        import_id = add_import(session, prepared.archive, prepared.source, prepared.options, prepared.total)
        return Answer(read_import(session, import_id), 202, f"/v1/imports/{import_id}")

    return once(work, {"source": prepared.source, "options": prepared.options}, prepared.digest)


@router.post(
    "/v1/archives/{name}/sync",
    dependencies=[SUBMIT],
    status_code=202,
    responses={200: {"model": Import, "description": "One is under way."}, **problems(400, 404, 409, 422)},
)
def sync_archive(
    name: ArchiveName,
    once: Once,
    settle_s: Annotated[
        float, Query(ge=0, le=MOST_SETTLE_S, description="How long a file must have been left alone.")
    ] = SETTLE_S,
) -> Import:
    """List the archive's folder again, and take what is new and has stopped growing. While one such import is under
    way, that is the answer."""

    def work(session: Session) -> Answer[Import]:
        folder = locked_archive(session, name).sync  # or two at once would both find no import under way
        if folder is None:
            raise InvalidRequest(f"The archive {name!r} has no folder that it is filled from: set its source first.")
        source = {"kind": "folder", **folder, "settle_s": settle_s}
        options = source.pop("transcribe")
        open_id = open_import(session, name, source)
        import_id = open_id or add_import(session, name, source, options, None)
        return Answer(read_import(session, import_id), 200 if open_id else 202, f"/v1/imports/{import_id}")

    return once(work, {"settle_s": settle_s})


@router.get("/v1/archives/{name}/imports", dependencies=[READ], responses=problems(400))
def get_imports(name: ArchiveName, deps: Deps, page: PageQuery) -> Page[Import]:
    """The archive's imports, newest first."""
    with deps.database.reading() as session:
        return list_imports(session, name, page)


@router.get("/v1/imports/{import_id}", dependencies=[READ], responses=problems(404))
def get_import(import_id: str, deps: Deps) -> Import:
    """How far an import is."""
    with deps.database.reading() as session:
        return read_import(session, import_id)


@router.get("/v1/imports/{import_id}/problems", dependencies=[READ], responses=problems(400, 404))
def get_problems(
    import_id: str,
    deps: Deps,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
    cursor: Annotated[int, Query(ge=0, description="`next` of the page before.")] = 0,
) -> Page[ImportProblem]:
    """The rows that could not be used, all of them, in their order."""
    with deps.database.reading() as session:
        return list_problems(session, import_id, limit, cursor)


@router.post("/v1/imports/{import_id}/cancel", dependencies=[SUBMIT], responses=problems(404, 409, 422))
def stop_import(import_id: str, once: Once) -> Import:
    """Stop an import; what it has kept stays."""

    def work(session: Session) -> Answer[Import]:
        cancel_import(session, import_id)
        return Answer(read_import(session, import_id))

    return once(work)
