"""What came of an archive, a batch, a campaign or some jobs, and where words are said."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from api.http.authentication import READ
from api.http.dependencies import Deps
from api.http.queries import PageQuery
from api.requests.docs import problems
from api.requests.filters import labels_of
from worker.errors import InvalidRequest
from worker.search.index import SearchFilter
from worker.shapes.base import Page
from worker.shapes.recordings import Hit, Result
from worker.views.recordings import search
from worker.views.results import archive_results, batch_results, campaign_results, job_results

MOST_JOBS = 100
router = APIRouter()
Read = Callable[..., Page[Result]]
Words = Annotated[str, Query(description='Words that must all be there, "a phrase", -without, begin*.')]


def _read(
    *,
    archive: Annotated[str | None, Query(description="The current versions of its recordings.")] = None,
    batch: Annotated[str | None, Query(description="The transcripts of its jobs.")] = None,
    campaign: Annotated[str | None, Query(description="Its own versions, promoted or not: by id or name.")] = None,
    job: Annotated[Sequence[str], Query(description=f"Jobs by their ids, {MOST_JOBS} at most.")] = (),
) -> Read:
    """How they are read. Raises InvalidRequest unless one of the four is given."""
    readers: dict[Read, Any] = {
        archive_results: archive,
        batch_results: batch,
        campaign_results: campaign,
        job_results: job,
    }
    given = [(read, subject) for read, subject in readers.items() if subject]
    if len(given) != 1:
        raise InvalidRequest("Give one of archive, batch, campaign and job.")
    if len(job) > MOST_JOBS:
        raise InvalidRequest(f"job: at most {MOST_JOBS} at once.")
    read, subject = given[0]
    return lambda session, services, page: read(session, services, subject, page)


@router.get("/v1/results", dependencies=[READ], tags=["results"], responses=problems(400, 404))
def get_results(deps: Deps, page: PageQuery, read: Annotated[Read, Depends(_read)]) -> Page[Result]:
    """What came of each recording: its transcript's id, what was sent for it at what cost, or why there is none."""
    with deps.database.reading() as session:
        return read(session, deps.services, page)


@router.get("/v1/search", dependencies=[READ], tags=["search"], responses=problems(400))
def get_search(
    deps: Deps,
    page: PageQuery,
    q: Words = "",
    *,
    archive: str | None = None,
    language: Annotated[str | None, Query(description="The language of the segment.")] = None,
    label: Annotated[Sequence[str], Query(description="`name=value`; several are all asked for.")] = (),
) -> Page[Hit]:
    """Segments of current transcripts in which all that is looked for is said, newest first."""
    where = SearchFilter(archive=archive or None, language=language or None, labels=labels_of(label))
    with deps.database.reading() as session:
        return search(session, q, where, page)
