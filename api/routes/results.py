"""GET /v1/results: what came of an archive, a batch, a campaign or some jobs, a row for each recording."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse

from api.http.dependencies import DoorOf
from api.http.pages import WindowQuery
from api.requests.docs import problems
from worker.errors import InvalidRequest
from worker.shapes.recordings import Results
from worker.views.results import archive_results, batch_results, campaign_results, job_results

MOST_JOBS = 100
router = APIRouter(tags=["results"])
Read = Callable[..., dict[str, Any]]


def _read(
    *,
    archive: Annotated[str | None, Query(description="The current versions of its recordings.")] = None,
    batch: Annotated[str | None, Query(description="The transcripts of its jobs.")] = None,
    campaign: Annotated[str | None, Query(description="Its own versions, promoted or not: by id or name.")] = None,
    job: Annotated[Sequence[str], Query(description=f"Jobs by their ids, {MOST_JOBS} at most.")] = (),
) -> Read:
    """How they are read. Raises InvalidRequest unless one of the four is given."""
    asked: dict[Callable[..., Any], Any] = {
        archive_results: archive,
        batch_results: batch,
        campaign_results: campaign,
        job_results: job,
    }
    given = [(read, of) for read, of in asked.items() if of]
    if len(given) != 1:
        raise InvalidRequest("Give one of archive, batch, campaign and job.")
    if len(job) > MOST_JOBS:
        raise InvalidRequest(f"job: at most {MOST_JOBS} at once.")
    read, of = given[0]
    return lambda session, services, window: read(session, services, of, window)


@router.get("/v1/results", response_model=Results, responses=problems(400, 404))
def get_results(door: DoorOf, window: WindowQuery, read: Annotated[Read, Depends(_read)]) -> JSONResponse:
    """What came of each recording: its transcript's id, what was sent for it at what cost, or why there is none."""
    with door.database.reading() as session:
        return JSONResponse(read(session, door.services, window))
