"""GET /v1/search: words and phrases in the current transcripts."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from api.http.dependencies import DoorOf
from api.http.pages import WindowQuery
from api.requests.docs import problems
from api.requests.filters import labels_of
from worker.search.index import SearchFilter
from worker.shapes.recordings import Hits
from worker.views.search import search

router = APIRouter(tags=["search"])
Words = Annotated[str, Query(description='Words that must all be there, "a phrase", -without, begin*.')]


@router.get("/v1/search", response_model=Hits, responses=problems(400))
def get_search(
    door: DoorOf,
    window: WindowQuery,
    q: Words = "",
    *,
    archive: str | None = None,
    language: Annotated[str | None, Query(description="The language of the segment.")] = None,
    label: Annotated[Sequence[str], Query(description="`name=value`; several are all asked for.")] = (),
) -> JSONResponse:
    """Segments of current transcripts in which all that is looked for is said, newest first."""
    where = SearchFilter(archive=archive or None, language=language or None, labels=labels_of(label))
    with door.database.reading() as session:
        return JSONResponse(search(session, q, where, window))
