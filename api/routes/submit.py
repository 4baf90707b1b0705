"""POST /v1/jobs: a recording comes in."""

from functools import partial
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from api.http.bodies import pulled, read_body
from api.http.dependencies import Door, DoorOf
from api.http.idempotent_writes import KeyHeader, checked_key, fingerprint_of, write
from api.requests import submissions
from api.requests.docs import SUBMISSION, problems
from api.requests.options import read_options, read_url_options
from api.requests.sources import registered
from api.requests.uploads import Upload, receive, refuse_length
from worker.errors import InvalidRequest
from worker.shapes.jobs import SubmittedJob
from worker.shapes.options import JobOptions
from worker.strict_json import parse_json

PATH = "/v1/jobs"
router = APIRouter(tags=["jobs"])


@router.post(
    PATH,
    status_code=202,
    response_model=SubmittedJob,
    responses={
        200: {"model": SubmittedJob, "description": "The job existed."},
        **problems(400, 404, 409, 413, 415, 422),
    },
    openapi_extra=SUBMISSION,
)
async def submit_job(request: Request, door: DoorOf, idempotency_key: KeyHeader = None) -> JSONResponse:
    """Submit one recording: a multipart form with `file`, or JSON with `url`. The same one again finds its job."""
    key = checked_key(idempotency_key)
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _uploaded(request, door, content_type, key)
    if kind == "application/json":
        return await run_in_threadpool(_by_url, door, parse_json(await read_body(request)), key)
    raise InvalidRequest("Send multipart/form-data with a field `file`, or application/json with a `url`.")


async def _uploaded(request: Request, door: Door, content_type: str, key: str | None) -> JSONResponse:
    refuse_length(request.headers.get("content-length"), door.settings.max_upload_bytes)
    body = pulled(aiter(request.stream()))
    upload = await to_thread.run_sync(partial(_receive, door, body, content_type), limiter=door.uploads)
    return await run_in_threadpool(_keep, door, upload, key)


def _receive(door: Door, body: Any, content_type: str) -> Upload[JobOptions]:  # noqa: ANN401  # an iterator bound to this request
    def read(fields: dict[str, Any]) -> JobOptions:
        options = read_options(fields)
        submissions.check(options, door)
        return options

    return receive(body, content_type, door.store, door.settings.max_upload_bytes, read)


def _keep(door: Door, upload: Upload[JobOptions], key: str | None) -> JSONResponse:
    recording = submissions.of_upload(upload)
    fields = submissions.fields_of(upload.options)
    return write(
        door,
        lambda session: submissions.answer(session, recording, upload.options, door.services),
        key=key,
        fingerprint=fingerprint_of(PATH, fields, upload.saved.digest),
    )


def _by_url(door: Door, given: object, key: str | None) -> JSONResponse:
    options = read_url_options(given)
    submissions.check(options, door)
    recording = registered(options, door.settings)
    return write(
        door,
        lambda session: submissions.answer(session, recording, options, door.services),
        key=key,
        fingerprint=fingerprint_of(PATH, submissions.fields_of(options)),
    )
