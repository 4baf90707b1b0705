"""What may be spent, what submitting would cost, and what was used."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.authentication import BUDGETS, READ
from api.http.bodies import json_body
from api.http.dependencies import Deps
from api.requests.docs import json_request, problems
from worker.archive_rules import check_known
from worker.budgets import Period, Scope, remove_budget, set_budget
from worker.services.prices import nusd
from worker.shapes.base import Page
from worker.shapes.fields import Name
from worker.shapes.spending import Budget, Estimate, Usage
from worker.spending.estimates import EstimateRequest
from worker.spending.scopes import check_price, scope_of
from worker.states import Segmentation
from worker.views.spending import list_budgets, read_budget, read_estimate, read_usage

router = APIRouter()
ArchiveOf = Annotated[Name | None, Query(description="The archive whose budget it is.")]
CampaignOf = Annotated[Name | None, Query(description="The campaign whose budget it is, by id or name.")]
Count = Annotated[int, Query(ge=0, le=10**9, description="How many recordings.")]
Length = Annotated[int, Query(ge=0, le=10**15, description="How long they are together.")]
Share = Annotated[float | None, Query(ge=0, le=64, description="What is sent for each ms, as some of them show.")]
Month = Annotated[str | None, Query(description="YYYY-MM, UTC.", max_length=20)]
MOST_USD = 1e9
MOST_MS = 10**15


class Limits(BaseModel):
    """What may be spent in the period: money, audio that is sent, or both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit_usd: float | None = Field(None, ge=0, le=MOST_USD, allow_inf_nan=False)
    limit_ms: int | None = Field(None, ge=0, le=MOST_MS)


@router.get("/v1/budgets", dependencies=[READ], tags=["budgets"], responses=problems(400, 404))
def get_budgets(deps: Deps, archive: ArchiveOf = None, campaign: CampaignOf = None) -> Page[Budget]:
    """All budgets, or those of one archive or campaign; at `level` `warning` four fifths are gone."""
    with deps.database.reading() as session:
        chosen = scope_of(session, archive, campaign) if archive or campaign else ()
        return list_budgets(session, *chosen)


@router.put(
    "/v1/budgets/{period}",
    dependencies=[BUDGETS],
    tags=["budgets"],
    responses=problems(400, 404),
    openapi_extra=json_request(Limits),
)
def put_budget(
    period: Period,
    deps: Deps,
    limits: Annotated[Limits, Depends(json_body(Limits.model_validate))],
    archive: ArchiveOf = None,
    campaign: CampaignOf = None,
) -> Budget:
    """Set a budget for a day (UTC) or in all, or change it: what was spent stays. Workers keep to it within 2 s."""
    limit_nusd = None if limits.limit_usd is None else nusd(limits.limit_usd)
    with deps.database.writing() as session:
        scope, name = scope_of(session, archive, campaign)
        if scope is Scope.ARCHIVE:  # a misspelt one would guard nothing, and nobody would see it
            check_known(session, name, "archive")
        if limit_nusd is not None:
            check_price(session, deps.services, scope, name)
        set_budget(session, scope, name, period, limit_nusd=limit_nusd, limit_ms=limits.limit_ms)
        session.commit()
    with deps.database.reading() as session:
        return read_budget(session, scope, name, period)


@router.delete(
    "/v1/budgets/{period}", dependencies=[BUDGETS], tags=["budgets"], status_code=204, responses=problems(400, 404)
)
def delete_budget(period: Period, deps: Deps, archive: ArchiveOf = None, campaign: CampaignOf = None) -> Response:
    """Lift a budget: what waits for it goes on."""
    with deps.database.writing() as session:
        remove_budget(session, *scope_of(session, archive, campaign), period)
        session.commit()
    return Response(status_code=204)


@router.get("/v1/estimate", dependencies=[READ], tags=["usage"], responses=problems(400))
def get_estimate(
    deps: Deps,
    recordings: Count,
    audio_ms: Length,
    *,
    archive: Name = "default",
    service: Name | None = None,
    model: Name | None = None,
    segmentation: Segmentation = Segmentation.DOCUMENT,
    sampled: Share = None,
) -> Estimate:
    """What recordings of this length would send, cost and take, with the share that earlier jobs had to send."""
    planned = EstimateRequest(
        recordings=recordings,
        audio_ms=audio_ms,
        archive=archive,
        service=service,
        model=model,
        streamed=segmentation is Segmentation.SERVER_VAD,
        sampled=sampled,
    )
    with deps.database.reading() as session:
        return read_estimate(session, deps.services, planned)


@router.get("/v1/usage", dependencies=[READ], tags=["usage"], responses=problems(400, 404))
def get_usage(
    deps: Deps,
    since: Month = None,
    until: Month = None,
    archive: str | None = None,
    campaign: Annotated[str | None, Query(description="Its id or name.")] = None,
) -> Page[Usage]:
    """By month, archive, campaign, service and model; this month where nothing is asked for.

    A job counts in the month it came in. What no campaign asked for has none.
    """
    this_month = f"{datetime.now(UTC):%Y-%m}"
    months = (since or until or this_month, until or this_month)
    with deps.database.reading() as session:
        return read_usage(session, deps.services, *months, archive=archive, campaign=campaign)
