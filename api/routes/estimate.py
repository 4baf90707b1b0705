"""What submitting would cost, before anything is sent or written."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from api.http.dependencies import DoorOf
from api.requests.docs import problems
from worker.shapes.fields import Name
from worker.shapes.spending import Estimate
from worker.spending.estimates import Asked, estimate_for
from worker.states import Segmentation

router = APIRouter(tags=["usage"])
Count = Annotated[int, Query(ge=0, le=10**9, description="How many recordings.")]
Length = Annotated[int, Query(ge=0, le=10**15, description="How long they are together.")]
Share = Annotated[float | None, Query(ge=0, le=64, description="What is sent for each ms, as some of them show.")]


@router.get("/v1/estimate", response_model=Estimate, responses=problems(400))
def get_estimate(
    door: DoorOf,
    recordings: Count,
    audio_ms: Length,
    *,
    archive: Name = "default",
    service: Name | None = None,
    model: Name | None = None,
    segmentation: Segmentation = Segmentation.DOCUMENT,
    sampled: Share = None,
) -> JSONResponse:
    """What recordings of this length would send, cost and take, with the share that earlier jobs had to send."""
    asked = Asked(
        recordings=recordings,
        audio_ms=audio_ms,
        archive=archive,
        service=service,
        model=model,
        segmentation=segmentation,
        sampled=sampled,
    )
    with door.database.reading() as session:
        found, its_model, made = estimate_for(session, door.services, asked)
    return JSONResponse({"service": found.name, "model": its_model, **asdict(made)})
