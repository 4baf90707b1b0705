"""Looking at jobs."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from api.http.dependencies import Door, DoorOf
from api.http.pages import WindowQuery
from api.http.request_headers import etag, matches, wait_s
from api.requests.docs import problems
from api.requests.filters import JobQuery
from worker.shapes.jobs import Job, Jobs
from worker.states import ENDED
from worker.views.jobs import job_version, list_jobs, look

router = APIRouter(tags=["jobs"])
IfNoneMatch = Annotated[str | None, Header(description="The ETag that you have: 304 while it still holds.")]
Prefer = Annotated[str | None, Header(description="`wait=30` holds the answer until the job changes, at most 60 s.")]


@router.get("/v1/jobs", response_model=Jobs, responses=problems(400))
def get_jobs(door: DoorOf, window: WindowQuery, chosen: JobQuery) -> JSONResponse:
    """Jobs, newest first; `next` is the cursor of the next page, or null."""
    with door.database.reading() as session:
        return JSONResponse(list_jobs(session, chosen, window))


@router.get(
    "/v1/jobs/{job_id}", response_model=Job, responses={304: {"description": "As you have it."}, **problems(404)}
)
async def get_job(
    job_id: str, request: Request, door: DoorOf, if_none_match: IfNoneMatch = None, prefer: Prefer = None
) -> Response:
    """One job. With `Prefer: wait` the answer comes when it has changed: since the ETag given, else since now."""
    version, view = await run_in_threadpool(_look, door, job_id)
    known = if_none_match or ("" if view["status"] in ENDED else etag(version))
    if (held_s := wait_s(prefer)) and matches(known, etag(version)):
        await _hold(door, request, job_id, version, held_s)
        version, view = await run_in_threadpool(_look, door, job_id)
    headers = {"ETag": etag(version), **({"Preference-Applied": f"wait={held_s:.0f}"} if held_s else {})}
    if matches(if_none_match, etag(version)):
        return Response(status_code=304, headers=headers)
    return JSONResponse(view, headers=headers)


async def _hold(door: Door, request: Request, job_id: str, version: int, held_s: float) -> None:
    async def changed() -> bool:
        return await run_in_threadpool(_version, door, job_id) != version or await request.is_disconnected()

    await door.holds.until(changed, held_s)


def _look(door: Door, job_id: str) -> tuple[int, dict[str, Any]]:
    with door.database.reading() as session:
        return look(session, job_id)


def _version(door: Door, job_id: str) -> int:
    with door.database.reading() as session:
        return job_version(session, job_id)
