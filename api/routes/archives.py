"""Archives: what their recordings are given where nobody asks for anything else, and where they may go."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse
from pydantic import Field, ValidationError

from api.http.bodies import read_body
from api.http.dependencies import DoorOf
from api.http.pages import WindowQuery
from api.requests.docs import problems, request_body
from api.requests.imports import folder_source, job_options
from worker.archive_rules import Rules, save_archive, save_source
from worker.archive_rules import get_archive as get_row
from worker.errors import InvalidRequest
from worker.imports.listing import FolderAsk
from worker.services.lookup import Services
from worker.shapes.archives import Archive, Archives
from worker.shapes.fields import Name, sentence
from worker.shapes.options import OptionSet, Use, takes
from worker.strict_json import parse_json
from worker.views.archives import list_archives, read_archive

router = APIRouter(tags=["archives"])
ArchiveName = Annotated[Name, Path(min_length=1, description="The archive's name.")]


@takes(Use.ARCHIVE)
class ArchiveRules(OptionSet):
    """All of an archive's rules; what is left out is not kept."""

    services: list[Name] = Field([], description="The services that its recordings may go to; empty: all.")


async def _asked(request: Request) -> ArchiveRules:
    try:
        return ArchiveRules.model_validate(parse_json(await read_body(request)))
    except ValidationError as error:
        raise InvalidRequest(sentence(error.errors())) from error


class SourceAsk(FolderAsk):
    """A folder that an archive is filled from, and what is to be done with its recordings."""

    transcribe: dict[str, Any] | None = Field(None, description="Options of the jobs; left out: none are made.")


async def _source_asked(request: Request) -> SourceAsk:
    try:
        return SourceAsk.model_validate(parse_json(await read_body(request)))
    except ValidationError as error:
        raise InvalidRequest(sentence(error.errors())) from error


@router.get("/v1/archives", response_model=Archives, responses=problems(400))
def get_archives(door: DoorOf, window: WindowQuery) -> JSONResponse:
    """The archives that were set up, newest first."""
    with door.database.reading() as session:
        return JSONResponse(list_archives(session, window))


@router.get("/v1/archives/{name}", response_model=Archive, responses=problems(404))
def get_archive(name: ArchiveName, door: DoorOf) -> JSONResponse:
    """One archive's rules."""
    with door.database.reading() as session:
        return JSONResponse(read_archive(session, name))


@router.put(
    "/v1/archives/{name}",
    response_model=Archive,
    responses=problems(400),
    openapi_extra=request_body({"application/json": ArchiveRules.model_json_schema()}),
)
def put_archive(name: ArchiveName, door: DoorOf, asked: Annotated[ArchiveRules, Depends(_asked)]) -> JSONResponse:
    """Set an archive up, or change all of its rules: for jobs that are submitted or begin from now on."""
    rules = _checked(name, asked, door.services)
    with door.database.writing() as session:
        save_archive(session, rules)
        session.commit()
        return JSONResponse(read_archive(session, name))


@router.put(
    "/v1/archives/{name}/source",
    response_model=Archive,
    responses=problems(400),
    openapi_extra=request_body({"application/json": SourceAsk.model_json_schema()}),
)
def put_source(name: ArchiveName, door: DoorOf, asked: Annotated[SourceAsk, Depends(_source_asked)]) -> JSONResponse:
    """Name the folder or bucket that the archive is filled from by `POST …/sync`, again and again."""
    source = folder_source(asked, door)
    kept = {name: source[name] for name in ("folder", "patterns", "naming", "sidecars", "copy")}
    options = job_options(name, asked.transcribe, door)
    with door.database.writing() as session:
        save_source(session, name, {**kept, "transcribe": options})
        session.commit()
        return JSONResponse(read_archive(session, name))


@router.delete("/v1/archives/{name}/source", response_model=Archive, responses=problems(404))
def delete_source(name: ArchiveName, door: DoorOf) -> JSONResponse:
    """Fill the archive from nowhere any more; what it has stays."""
    with door.database.writing() as session:
        get_row(session, name)
        save_source(session, name, None)
        session.commit()
        return JSONResponse(read_archive(session, name))


def _checked(name: str, asked: ArchiveRules, services: Services) -> Rules:
    """Raises what a job under these rules would meet: UnknownService, UnknownLanguage, ServiceNotAllowed and others."""
    allowed = tuple(services.find(name).name for name in asked.services)
    rules = Rules(name=name, **asked.model_dump(exclude={"services"}), services=allowed)
    if rules.service or not allowed:
        rules.requested({}, services)
    return rules
