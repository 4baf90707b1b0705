"""Recordings come in: one as an upload or a URL, or a batch of URLs."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from api.http.authentication import READ, SUBMIT
from api.http.bodies import pulled, read_body, within
from api.http.dependencies import Dependencies, Deps
from api.http.idempotent_writes import Answer, IdempotentWrite, Once
from api.requests import submissions
from api.requests.batches import MAX_BODY_BYTES, BatchRequest, Prepared, read_batch_request, submit_items
from api.requests.docs import BATCH, SUBMISSION, problems
from api.requests.manifest_upload import PATH, ManifestSubmission
from api.requests.options import read_options, read_url_options
from api.requests.submissions import registered
from api.requests.uploads import Upload, receive, refuse_length
from worker.errors import InvalidRequest
from worker.imports.manifests import is_manifest, kind_of
from worker.queue.batches import add_batch
from worker.shapes.jobs import Batch, SubmittedBatch, SubmittedJob, SubmittedManifest
from worker.shapes.options import JobOptions, UrlOptions
from worker.strict_json import parse_json
from worker.views.jobs import read_batch

router = APIRouter()


@router.post(
    "/v1/jobs",
    dependencies=[SUBMIT],
    tags=["jobs"],
    status_code=202,
    responses={
        200: {"model": SubmittedJob, "description": "The job existed."},
        **problems(400, 404, 409, 413, 415, 422),
    },
    openapi_extra=SUBMISSION,
)
async def submit_job(request: Request, deps: Deps, once: Once) -> SubmittedJob:
    """Submit one recording: a multipart form with `file`, or JSON with `url`. The same one again finds its job."""
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _uploaded(request, deps, content_type, once)
    if kind == "application/json":
        return await _by_url(deps, parse_json(await read_body(request)), once)
    raise InvalidRequest("Send multipart/form-data with a field `file`, or application/json with a `url`.")


@router.post(
    PATH,
    dependencies=[SUBMIT],
    tags=["batches"],
    status_code=202,
    responses=problems(400, 409, 413, 422),
    openapi_extra=BATCH,
)
async def submit_batch(request: Request, deps: Deps, once: Once) -> SubmittedBatch | SubmittedManifest:
    """Submit many URLs. An item that is refused says so, and stops no other. Without items the batch is empty: name
    its id in the field `batch` of submissions. A manifest of JSON lines or CSV may have any number of rows; what all
    of them share stands in the query."""
    content_type = request.headers.get("content-type", "")
    if is_manifest(content_type):
        return await _manifest(request, deps, kind_of(content_type), once)
    batch = read_batch_request(await read_body(request, MAX_BODY_BYTES))
    async with deps.looks.at_batch() as looks_s:
        prepared = await run_in_threadpool(batch.prepare, deps, looks_s)
    return await run_in_threadpool(_items, batch, prepared, once)


@router.get("/v1/batches/{batch_id}", dependencies=[READ], tags=["batches"], responses=problems(404))
def get_batch(batch_id: str, deps: Deps) -> Batch:
    """A batch: its jobs by state and by code, and sums over them."""
    with deps.database.reading() as session:
        return read_batch(session, batch_id)


async def _uploaded(request: Request, deps: Dependencies, content_type: str, once: IdempotentWrite) -> SubmittedJob:
    refuse_length(request.headers.get("content-length"), deps.settings.max_upload_bytes)
    body = pulled(aiter(request.stream()))
    upload = await deps.uploads.receive(request, partial(_receive, deps, body, content_type))
    return await run_in_threadpool(_keep, deps, upload, once)


def _receive(deps: Dependencies, body: Iterator[bytes], content_type: str) -> Upload[JobOptions]:
    def read(fields: dict[str, Any]) -> JobOptions:
        options = read_options(fields)
        submissions.check(options, deps)
        return options

    return receive(body, content_type, deps.store, deps.settings.max_upload_bytes, read)


def _keep(deps: Dependencies, upload: Upload[JobOptions], once: IdempotentWrite) -> SubmittedJob:
    recording = submissions.uploaded_recording(upload)
    fields = submissions.request_fields(upload.options)

    def work(session: Session) -> Answer[SubmittedJob]:
        return submissions.answer(session, recording, upload.options, deps.services)

    return once(work, fields, upload.saved.digest)


async def _by_url(deps: Dependencies, given: object, once: IdempotentWrite) -> SubmittedJob:
    options = await run_in_threadpool(_url_options, deps, given)
    async with deps.looks.at_one() as look_s:
        recording = await run_in_threadpool(registered, options, deps.settings, look_s)

    def work(session: Session) -> Answer[SubmittedJob]:
        return submissions.answer(session, recording, options, deps.services)

    return await run_in_threadpool(once, work, submissions.request_fields(options))


def _url_options(deps: Dependencies, given: object) -> UrlOptions:
    options = read_url_options(given)
    submissions.check(options, deps)
    return options


async def _manifest(request: Request, deps: Dependencies, kind: str, once: IdempotentWrite) -> SubmittedManifest:
    at_most = deps.settings.max_upload_bytes
    refuse_length(request.headers.get("content-length"), at_most)
    body = within(at_most, pulled(aiter(request.stream())))
    shared = dict(request.query_params)
    return await deps.uploads.receive(request, lambda: ManifestSubmission(deps, kind, shared, once).take(body))


def _items(batch: BatchRequest, prepared: list[Prepared], once: IdempotentWrite) -> SubmittedBatch:
    def work(session: Session) -> Answer[SubmittedBatch]:
        batch_id = add_batch(session, batch.name)
        items, lanes = submit_items(session, prepared, batch_id)
        body = SubmittedBatch.extending(read_batch(session, batch_id), items=items)
        return Answer(body, 202, f"{PATH}/{batch_id}", lanes)

    return once(work, {"name": batch.name, "items": batch.items})
