"""Recordings come in: one as an upload or a URL, or a batch of URLs."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from api.http.bodies import pulled, read_body, within
from api.http.dependencies import Door, DoorOf
from api.http.idempotent_writes import Answer, IdempotentWrite, Once
from api.requests import submissions
from api.requests.batches import MAX_BODY_BYTES, BatchRequest, read_batch_request, submit_items
from api.requests.docs import BATCH, SUBMISSION, problems
from api.requests.manifest_upload import PATH, ManifestSubmission
from api.requests.options import read_options, read_url_options
from api.requests.submissions import registered
from api.requests.uploads import Upload, receive, refuse_length
from worker.errors import InvalidRequest
from worker.imports.manifests import is_manifest, kind_of
from worker.queue.batches import add_batch
from worker.shapes.jobs import Batch, SubmittedBatch, SubmittedJob, SubmittedManifest
from worker.shapes.options import JobOptions
from worker.strict_json import parse_json
from worker.views.jobs import read_batch

router = APIRouter()


@router.post(
    "/v1/jobs",
    tags=["jobs"],
    status_code=202,
    responses={
        200: {"model": SubmittedJob, "description": "The job existed."},
        **problems(400, 404, 409, 413, 415, 422),
    },
    openapi_extra=SUBMISSION,
)
async def submit_job(request: Request, door: DoorOf, once: Once) -> SubmittedJob:
    """Submit one recording: a multipart form with `file`, or JSON with `url`. The same one again finds its job."""
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _uploaded(request, door, content_type, once)
    if kind == "application/json":
        return await run_in_threadpool(_by_url, door, parse_json(await read_body(request)), once)
    raise InvalidRequest("Send multipart/form-data with a field `file`, or application/json with a `url`.")


@router.post(
    PATH,
    tags=["batches"],
    status_code=202,
    responses=problems(400, 409, 413, 422),
    openapi_extra=BATCH,
)
async def submit_batch(request: Request, door: DoorOf, once: Once) -> SubmittedBatch | SubmittedManifest:
    """Submit many URLs. An item that is refused says so, and stops no other. Without items the batch is empty: name
    its id in the field `batch` of submissions. A manifest of JSON lines or CSV may have any number of rows; what all
    of them share stands in the query."""
    content_type = request.headers.get("content-type", "")
    if is_manifest(content_type):
        return await _manifest(request, door, kind_of(content_type), once)
    batch = read_batch_request(await read_body(request, MAX_BODY_BYTES))
    return await run_in_threadpool(_items, door, batch, once)


@router.get("/v1/batches/{batch_id}", tags=["batches"], responses=problems(404))
def get_batch(batch_id: str, door: DoorOf) -> Batch:
    """A batch: its jobs by state and by code, and sums over them."""
    with door.database.reading() as session:
        return read_batch(session, batch_id)


async def _uploaded(request: Request, door: Door, content_type: str, once: IdempotentWrite) -> SubmittedJob:
    refuse_length(request.headers.get("content-length"), door.settings.max_upload_bytes)
    body = pulled(aiter(request.stream()))
    upload = await to_thread.run_sync(partial(_receive, door, body, content_type), limiter=door.uploads)
    return await run_in_threadpool(_keep, door, upload, once)


def _receive(door: Door, body: Iterator[bytes], content_type: str) -> Upload[JobOptions]:
    def read(fields: dict[str, Any]) -> JobOptions:
        options = read_options(fields)
        submissions.check(options, door)
        return options

    return receive(body, content_type, door.store, door.settings.max_upload_bytes, read)


def _keep(door: Door, upload: Upload[JobOptions], once: IdempotentWrite) -> SubmittedJob:
    recording = submissions.uploaded_recording(upload)
    fields = submissions.request_fields(upload.options)

    def work(session: Session) -> Answer[SubmittedJob]:
        return submissions.answer(session, recording, upload.options, door.services)

    return once(work, fields, upload.saved.digest)


def _by_url(door: Door, given: object, once: IdempotentWrite) -> SubmittedJob:
    options = read_url_options(given)
    submissions.check(options, door)
    recording = registered(options, door.settings)

    def work(session: Session) -> Answer[SubmittedJob]:
        return submissions.answer(session, recording, options, door.services)

    return once(work, submissions.request_fields(options))


async def _manifest(request: Request, door: Door, kind: str, once: IdempotentWrite) -> SubmittedManifest:
    at_most = door.settings.max_upload_bytes
    refuse_length(request.headers.get("content-length"), at_most)
    body = within(at_most, pulled(aiter(request.stream())))
    shared = dict(request.query_params)
    return await to_thread.run_sync(
        lambda: ManifestSubmission(door, kind, shared, once).take(body), limiter=door.uploads
    )


def _items(door: Door, batch: BatchRequest, once: IdempotentWrite) -> SubmittedBatch:
    prepared = batch.prepare(door)

    def work(session: Session) -> Answer[SubmittedBatch]:
        batch_id = add_batch(session, batch.name)
        items, lanes = submit_items(session, prepared, batch_id)
        body = SubmittedBatch.extending(read_batch(session, batch_id), items=items)
        return Answer(body, 202, f"{PATH}/{batch_id}", lanes)

    return once(work, {"name": batch.name, "items": batch.items})
