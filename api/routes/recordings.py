"""Recordings, and the versions of their transcripts."""

from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from api.http.bodies import pulled, read_body
from api.http.dependencies import Door, DoorOf
from api.http.idempotent_writes import Answer, KeyHeader, checked_key, fingerprint_of, write
from api.http.pages import WindowQuery
from api.requests.docs import UPLOADED, problems, request_body
from api.requests.filters import RecordingQuery
from api.requests.submissions import of_saved
from api.requests.uploads import Upload, receive, refuse_length
from api.routes.archives import ArchiveName
from worker.doorway import Session
from worker.errors import InvalidRequest, InvalidRow
from worker.imports.matching import add_recording, describe
from worker.imports.rows import Described, read_row
from worker.shapes.recordings import KeptRecording, Recording, Recordings
from worker.shapes.transcripts import Versions
from worker.strict_json import parse_json
from worker.views.recordings import list_recordings, list_transcripts, read_recording

router = APIRouter(tags=["recordings"])
COLUMNS = {"recorded_at": "recorded_ms"}  # where a field's column has another name


async def _described(request: Request) -> dict[str, Any]:
    """The columns that are to be changed: those of the fields that stand there, null ones too."""
    fields = parse_json(await read_body(request))
    if not isinstance(fields, dict):
        raise InvalidRequest("Send a JSON object with the fields that change.")
    try:
        columns = read_row(Described, fields).columns()
    except InvalidRow as error:
        raise InvalidRequest(error.message.removesuffix(InvalidRow.hint).strip()) from error
    changed = [COLUMNS.get(name) or str(name) for name in fields]
    return {name: columns[name] for name in changed}


@router.get("/v1/recordings", response_model=Recordings, responses=problems(400))
def get_recordings(door: DoorOf, window: WindowQuery, chosen: RecordingQuery) -> JSONResponse:
    """Recordings, newest first."""
    with door.database.reading() as session:
        return JSONResponse(list_recordings(session, window, chosen))


@router.get("/v1/recordings/{recording_id}", response_model=Recording, responses=problems(404))
def get_recording(recording_id: str, door: DoorOf) -> JSONResponse:
    """One recording."""
    with door.database.reading() as session:
        return JSONResponse(read_recording(session, recording_id))


@router.patch(
    "/v1/recordings/{recording_id}",
    response_model=Recording,
    responses=problems(400, 404, 409),
    openapi_extra=request_body({"application/json": Described.model_json_schema()}),
)
def describe_recording(
    recording_id: str, door: DoorOf, changes: Annotated[dict[str, Any], Depends(_described)]
) -> JSONResponse:
    """Correct what is known of a recording: external_id, labels (as a whole), language, recorded_at. Null takes a field
    back; one that is left out stays."""
    with door.database.writing() as session:
        describe(session, recording_id, changes)
        session.commit()
        return JSONResponse(read_recording(session, recording_id))


@router.post(
    "/v1/archives/{name}/recordings",
    status_code=201,
    response_model=KeptRecording,
    responses={200: {"model": KeptRecording, "description": "It was there."}, **problems(400, 409, 413, 415, 422)},
    openapi_extra=UPLOADED,
)
async def add_to_archive(
    name: ArchiveName, request: Request, door: DoorOf, idempotency_key: KeyHeader = None
) -> JSONResponse:
    """Upload one recording, a multipart form with `file`, and transcribe nothing. The same bytes again find it."""
    key = checked_key(idempotency_key)
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise InvalidRequest("Send multipart/form-data with a field `file`.")
    at_most = door.settings.max_upload_bytes
    refuse_length(request.headers.get("content-length"), at_most)
    body = pulled(aiter(request.stream()))
    receiving = partial(receive, body, content_type, door.store, at_most, _read_described)
    upload = await to_thread.run_sync(receiving, limiter=door.uploads)
    return await run_in_threadpool(_keep, door, name, upload, key)


def _read_described(fields: dict[str, Any]) -> Described:
    return read_row(Described, fields)


def _keep(door: Door, archive: str, upload: Upload[Described], key: str | None) -> JSONResponse:
    described = upload.options.columns()
    recording = of_saved(archive, upload.saved, upload.name, **described)

    def work(session: Session) -> Answer:
        found = add_recording(session, recording)
        body = {**read_recording(session, found.id), "existing": not found.added}
        return Answer(body, 201 if found.added else 200, f"/v1/recordings/{found.id}")

    fingerprint = fingerprint_of(f"/v1/archives/{archive}/recordings", described, upload.saved.digest)
    return write(door, work, key=key, fingerprint=fingerprint)


@router.get("/v1/recordings/{recording_id}/transcripts", response_model=Versions, responses=problems(400, 404))
def get_transcripts(recording_id: str, door: DoorOf, window: WindowQuery) -> JSONResponse:
    """The recording's transcripts, newest first; one of them is the current one."""
    with door.database.reading() as session:
        return JSONResponse(list_transcripts(session, recording_id, window))
