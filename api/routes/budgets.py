"""Budgets: what may be spent in the deployment, an archive or a campaign, and what is gone of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.http.bodies import read_body
from api.http.dependencies import DoorOf
from api.requests.docs import problems, request_body
from worker.archive_rules import check_known
from worker.budgets import Period, Scope, budgets_of, remove_budget, set_budget
from worker.errors import InvalidRequest
from worker.services.prices import nusd
from worker.shapes.fields import Name, sentence
from worker.shapes.spending import Budget, Budgets
from worker.spending.scopes import check_price, scope_of
from worker.strict_json import parse_json
from worker.views.budgets import budget_view, list_budgets

router = APIRouter(tags=["budgets"])
ArchiveOf = Annotated[Name | None, Query(description="The archive whose budget it is.")]
CampaignOf = Annotated[Name | None, Query(description="The campaign whose budget it is, by id or name.")]
MOST_USD = 1e9
MOST_MS = 10**15


class Limits(BaseModel):
    """What may be spent in the period: money, audio that is sent, or both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit_usd: float | None = Field(None, ge=0, le=MOST_USD, allow_inf_nan=False)
    limit_ms: int | None = Field(None, ge=0, le=MOST_MS)


async def _asked(request: Request) -> Limits:
    try:
        return Limits.model_validate(parse_json(await read_body(request)))
    except ValidationError as error:
        raise InvalidRequest(sentence(error.errors())) from error


@router.get("/v1/budgets", response_model=Budgets, responses=problems(400, 404))
def get_budgets(door: DoorOf, archive: ArchiveOf = None, campaign: CampaignOf = None) -> JSONResponse:
    """All budgets, or those of one archive or campaign; at `level` `warning` four fifths are gone."""
    with door.database.reading() as session:
        chosen = scope_of(session, archive, campaign) if archive or campaign else ()
        return JSONResponse(list_budgets(session, *chosen))


@router.put(
    "/v1/budgets/{period}",
    response_model=Budget,
    responses=problems(400, 404),
    openapi_extra=request_body({"application/json": Limits.model_json_schema()}),
)
def put_budget(
    period: Period,
    door: DoorOf,
    asked: Annotated[Limits, Depends(_asked)],
    archive: ArchiveOf = None,
    campaign: CampaignOf = None,
) -> JSONResponse:
    """Set a budget for a day (UTC) or in all, or change it: what was spent stays. Workers keep to it within 2 s."""
    limit_nusd = None if asked.limit_usd is None else nusd(asked.limit_usd)
    with door.database.writing() as session:
        scope, name = scope_of(session, archive, campaign)
        if scope is Scope.ARCHIVE:  # a misspelt one would guard nothing, and nobody would see it
            check_known(session, name, "archive")
        if limit_nusd is not None:
            check_price(session, door.services, scope, name)
        set_budget(session, scope, name, period, limit_nusd=limit_nusd, limit_ms=asked.limit_ms)
        session.commit()
    with door.database.reading() as session:
        found = next(one for one in budgets_of(session, scope, name) if one.period is period)
    return JSONResponse(budget_view(found))


@router.delete("/v1/budgets/{period}", status_code=204, responses=problems(400, 404))
def delete_budget(period: Period, door: DoorOf, archive: ArchiveOf = None, campaign: CampaignOf = None) -> Response:
    """Lift a budget: what waits for it goes on."""
    with door.database.writing() as session:
        remove_budget(session, *scope_of(session, archive, campaign), period)
        session.commit()
    return Response(status_code=204)
