"""Archives: what their recordings are given where nobody asks for anything else, and where they may go."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import FailFast, Field

from api.http.authentication import ADMIN, READ, SUBMIT
from api.http.bodies import json_body
from api.http.dependencies import Deps
from api.http.queries import PageQuery
from api.requests.docs import json_request, problems
from api.requests.imports import folder_source, job_options
from worker.archive_rules import Rules, save_archive, save_source
from worker.archive_rules import get_archive as get_row
from worker.imports.listing import FolderFields
from worker.services.lookup import Services
from worker.shapes.archives import Archive
from worker.shapes.base import Page
from worker.shapes.fields import Name
from worker.shapes.options import OptionSet, Use, takes
from worker.views.archives import list_archives, read_archive

router = APIRouter(tags=["archives"])
ArchiveName = Annotated[Name, Path(min_length=1, description="The archive's name.")]


@takes(Use.ARCHIVE)
class ArchiveRules(OptionSet):
    """All of an archive's rules; what is left out is not kept."""

    services: Annotated[list[Name], FailFast()] = Field(
        [], max_length=100, description="The services that its recordings may go to; empty: all."
    )


class ArchiveSourceFields(FolderFields):
    """A folder that an archive is filled from, and what is to be done with its recordings."""

    transcribe: dict[str, Any] | None = Field(None, description="Options of the jobs; left out: none are made.")


RulesBody = Annotated[ArchiveRules, Depends(json_body(ArchiveRules.model_validate))]
SourceBody = Annotated[ArchiveSourceFields, Depends(json_body(ArchiveSourceFields.model_validate))]


@router.get("/v1/archives", dependencies=[READ], responses=problems(400))
def get_archives(deps: Deps, page: PageQuery) -> Page[Archive]:
    """The archives that were set up, newest first."""
    with deps.database.reading() as session:
        return list_archives(session, page)


@router.get("/v1/archives/{name}", dependencies=[READ], responses=problems(404))
def get_archive(name: ArchiveName, deps: Deps) -> Archive:
    """One archive's rules."""
    with deps.database.reading() as session:
        return read_archive(session, name)


@router.put(
    "/v1/archives/{name}",
    dependencies=[ADMIN],
    responses=problems(400),
    openapi_extra=json_request(ArchiveRules),
)
def put_archive(name: ArchiveName, deps: Deps, given: RulesBody) -> Archive:
    """Set an archive up, or change all of its rules: for jobs that are submitted or begin from now on."""
    rules = _checked(name, given, deps.services)
    with deps.database.writing() as session:
        save_archive(session, rules)
        session.commit()
        return read_archive(session, name)


@router.put(
    "/v1/archives/{name}/source",
    dependencies=[SUBMIT],
    responses=problems(400),
    openapi_extra=json_request(ArchiveSourceFields),
)
def put_source(name: ArchiveName, deps: Deps, fields: SourceBody) -> Archive:
    """Name the folder or bucket that the archive is filled from by `POST …/sync`, again and again."""
    source = folder_source(fields, deps)
    kept = {name: source[name] for name in ("folder", "patterns", "naming", "sidecars", "copy")}
    options = job_options(name, fields.transcribe, deps)
    with deps.database.writing() as session:
        save_source(session, name, {**kept, "transcribe": options})
        session.commit()
        return read_archive(session, name)


@router.delete("/v1/archives/{name}/source", dependencies=[SUBMIT], responses=problems(404))
def delete_source(name: ArchiveName, deps: Deps) -> Archive:
    """Fill the archive from nowhere any more; what it has stays."""
    with deps.database.writing() as session:
        get_row(session, name)
        save_source(session, name, None)
        session.commit()
        return read_archive(session, name)


def _checked(name: str, given: ArchiveRules, services: Services) -> Rules:
    """Raises what a job under these rules would meet: UnknownService, UnknownLanguage, ServiceNotAllowed and others."""
    allowed = tuple(services.find(service).name for service in given.services)
    rules = Rules(name=name, **given.model_dump(exclude={"services"}), services=allowed)
    if rules.service or not allowed:
        rules.requested({}, services)
    return rules
