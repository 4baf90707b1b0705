"""Recordings, and the versions of their transcripts."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from api.http.authentication import CORRECT, READ, SUBMIT
from api.http.bodies import json_body, pulled
from api.http.dependencies import Deps
from api.http.idempotent_writes import Answer, IdempotentWrite, Once
from api.http.queries import PageQuery
from api.requests.docs import UPLOADED, json_request, problems
from api.requests.filters import RecordingQuery
from api.requests.submissions import stored_recording
from api.requests.uploads import Upload, receive, refuse_length
from api.routes.archives import ArchiveName
from worker.errors import InvalidRequest, InvalidRow
from worker.imports.matching import add_recording, describe
from worker.imports.rows import DescribedFields, read_row
from worker.shapes.base import Page
from worker.shapes.fields import shortened
from worker.shapes.recordings import KeptRecording, Recording
from worker.shapes.transcripts import Version
from worker.views.recordings import list_recordings, list_versions, show_recording

router = APIRouter(tags=["recordings"])
COLUMNS = {"recorded_at": "recorded_ms"}  # where a field's column has another name


def _described(fields: object) -> dict[str, Any]:
    """The columns that are to be changed: those of the fields that stand there, null ones too."""
    if not isinstance(fields, dict):
        raise InvalidRequest("Send a JSON object with the fields that change.")
    if unknown := [str(name) for name in fields if name not in DescribedFields.model_fields]:
        raise InvalidRequest(f"{shortened(unknown[0], 100)}: is no field of a recording.")
    try:
        columns = read_row(DescribedFields, fields).columns()
    except InvalidRow as error:
        raise InvalidRequest(error.message.removesuffix(InvalidRow.hint).strip()) from error
    changed = [COLUMNS.get(name) or str(name) for name in fields]
    return {name: columns[name] for name in changed}


@router.get("/v1/recordings", dependencies=[READ], responses=problems(400))
def get_recordings(deps: Deps, page: PageQuery, chosen: RecordingQuery) -> Page[Recording]:
    """Recordings, newest first."""
    with deps.database.reading() as session:
        return list_recordings(session, page, chosen)


@router.get("/v1/recordings/{recording_id}", dependencies=[READ], responses=problems(404))
def get_recording(recording_id: str, deps: Deps) -> Recording:
    """One recording."""
    with deps.database.reading() as session:
        return show_recording(session, recording_id)


@router.patch(
    "/v1/recordings/{recording_id}",
    dependencies=[CORRECT],
    responses=problems(400, 404, 409),
    openapi_extra=json_request(DescribedFields),
)
def describe_recording(
    recording_id: str, deps: Deps, changes: Annotated[dict[str, Any], Depends(json_body(_described))]
) -> Recording:
    """Correct what is known of a recording: external_id, labels (as a whole), language, recorded_at. Null takes a field
    back; one that is left out stays."""
    with deps.database.writing() as session:
        describe(session, recording_id, changes)
        session.commit()
        return show_recording(session, recording_id)


@router.post(
    "/v1/archives/{name}/recordings",
    dependencies=[SUBMIT],
    status_code=201,
    responses={200: {"model": KeptRecording, "description": "It was there."}, **problems(400, 409, 413, 415, 422)},
    openapi_extra=UPLOADED,
)
async def add_to_archive(name: ArchiveName, request: Request, deps: Deps, once: Once) -> KeptRecording:
    """Upload one recording, a multipart form with `file`, and transcribe nothing. The same bytes again find it."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise InvalidRequest("Send multipart/form-data with a field `file`.")
    at_most = deps.settings.max_upload_bytes
    refuse_length(request.headers.get("content-length"), at_most)
    body = pulled(aiter(request.stream()))
    receiving = partial(receive, body, content_type, deps.store, at_most, _read_described)
    upload = await deps.uploads.receive(request, receiving)
    return await run_in_threadpool(_keep, name, upload, once)


def _read_described(fields: dict[str, Any]) -> DescribedFields:
    return read_row(DescribedFields, fields)


def _keep(archive: str, upload: Upload[DescribedFields], once: IdempotentWrite) -> KeptRecording:
    described = upload.options.columns()
    recording = stored_recording(archive, upload.saved, upload.name, **described)

    def work(session: Session) -> Answer[KeptRecording]:
        kept = add_recording(session, recording)
        body = KeptRecording.extending(show_recording(session, kept.id), existing=not kept.added)
        return Answer(body, 201 if kept.added else 200, f"/v1/recordings/{kept.id}")

    return once(work, described, upload.saved.digest)


@router.get("/v1/recordings/{recording_id}/transcripts", dependencies=[READ], responses=problems(400, 404))
def get_transcripts(recording_id: str, deps: Deps, page: PageQuery) -> Page[Version]:
    """The recording's transcripts, newest first; one of them is the current one."""
    with deps.database.reading() as session:
        return list_versions(session, recording_id, page)
