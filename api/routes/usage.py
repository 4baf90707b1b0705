"""GET /v1/usage: what was sent, reused and skipped, and what it cost."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from api.http.dependencies import DoorOf
from api.requests.docs import problems
from worker.shapes.spending import UsagePage
from worker.views.usage import read_usage

router = APIRouter(tags=["usage"])
Month = Annotated[str | None, Query(description="YYYY-MM, UTC.", max_length=20)]


@router.get("/v1/usage", response_model=UsagePage, responses=problems(400, 404))
def get_usage(
    door: DoorOf,
    since: Month = None,
    until: Month = None,
    archive: str | None = None,
    campaign: Annotated[str | None, Query(description="Its id or name.")] = None,
) -> JSONResponse:
    """By month, archive, campaign, service and model; this month where nothing is asked for.

    A job counts in the month it came in. What no campaign asked for has none.
    """
    this_month = f"{datetime.now(UTC):%Y-%m}"
    with door.database.reading() as session:
        months = (since or until or this_month, until or this_month)
        items = read_usage(session, door.services, *months, archive=archive, campaign=campaign)
    return JSONResponse({"items": items, "next": None})
