"""Batches: many URLs at once, or an empty one that uploads name."""

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from api.http.bodies import pulled, read_body, within
from api.http.dependencies import Door, DoorOf
from api.http.idempotent_writes import Answer, KeyHeader, checked_key, fingerprint_of, write
from api.requests.batches import MAX_BODY_BYTES, Ask, read_ask, submit_items
from api.requests.docs import BATCH, problems
from api.requests.manifest_upload import PATH, Bulk
from api.requests.uploads import refuse_length
from worker.doorway import Session
from worker.imports.manifests import is_manifest, kind_of
from worker.queue.batches import add_batch
from worker.shapes.jobs import Batch, SubmittedBatch, SubmittedManifest
from worker.views.batches import read_batch

router = APIRouter(tags=["batches"])


@router.post(
    PATH,
    status_code=202,
    response_model=SubmittedBatch | SubmittedManifest,
    responses=problems(400, 409, 413, 422),
    openapi_extra=BATCH,
)
async def submit_batch(request: Request, door: DoorOf, idempotency_key: KeyHeader = None) -> JSONResponse:
    """Submit many URLs. An item that is refused says so, and stops no other. Without items the batch is empty: name
    its id in the field `batch` of submissions. A manifest of JSON lines or CSV may have any number of rows; what all
    of them share stands in the query."""
    key = checked_key(idempotency_key)
    content_type = request.headers.get("content-type", "")
    if is_manifest(content_type):
        return await _manifest(request, door, kind_of(content_type), key)
    ask = read_ask(await read_body(request, MAX_BODY_BYTES))
    return await run_in_threadpool(_items, door, ask, key)


async def _manifest(request: Request, door: Door, kind: str, key: str | None) -> JSONResponse:
    at_most = door.settings.max_upload_bytes
    refuse_length(request.headers.get("content-length"), at_most)
    body = within(at_most, pulled(aiter(request.stream())))
    shared = dict(request.query_params)
    answer = await to_thread.run_sync(lambda: Bulk(door, kind, shared, key).take(body), limiter=door.uploads)
    return answer.response()


def _items(door: Door, ask: Ask, key: str | None) -> JSONResponse:
    prepared = ask.prepare(door)

    def work(session: Session) -> Answer:
        batch_id = add_batch(session, ask.name)
        items, lanes = submit_items(session, prepared, batch_id)
        body = {**read_batch(session, batch_id), "items": items}
        return Answer(body, 202, f"{PATH}/{batch_id}", lanes)

    return write(door, work, key=key, fingerprint=fingerprint_of(PATH, {"name": ask.name, "items": ask.items}))


@router.get("/v1/batches/{batch_id}", response_model=Batch, responses=problems(404))
def get_batch(batch_id: str, door: DoorOf) -> JSONResponse:
    """A batch: its jobs by state and by code, and sums over them."""
    with door.database.reading() as session:
        return JSONResponse(read_batch(session, batch_id))
