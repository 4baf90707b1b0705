"""Campaigns: planned, started, paused, promoted and rolled back; each step of a campaign's life is a route."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from sqlalchemy.orm import Session

from api.http.authentication import CAMPAIGN, READ
from api.http.bodies import json_body
from api.http.dependencies import Dependencies, Deps
from api.http.idempotent_writes import Answer, Once
from api.http.queries import PageQuery
from api.requests.campaigns import CampaignFields, NoFields, PromoteFields, StartFields
from api.requests.docs import json_request, problems
from worker.archive_rules import Rules, rules_of
from worker.campaigns.choice.plan import PlannedCampaign, make_plan
from worker.campaigns.choice.selection import Selection
from worker.campaigns.choice.target import Target
from worker.campaigns.running import life
from worker.errors import InvalidRequest
from worker.recordings import newest_recording
from worker.shapes.base import Page
from worker.shapes.campaigns import Campaign, CampaignRecording, CampaignSummary, DryRun
from worker.states import MemberState
from worker.views.campaigns import list_campaigns, list_members, read_campaign

router = APIRouter(tags=["campaigns"])
REFUSED = problems(400, 404, 409, 422)


@router.post(
    "/v1/campaigns",
    dependencies=[CAMPAIGN],
    status_code=201,
    response_model=None,  # there are two, and each has its status
    responses={
        200: {"model": DryRun, "description": "The plan of a dry run."},
        201: {"model": Campaign, "description": "Successful Response"},
        **REFUSED,
    },
    openapi_extra=json_request(CampaignFields),
)
def plan_campaign(
    deps: Deps,
    fields: Annotated[CampaignFields, Depends(json_body(CampaignFields.model_validate, optional=True))],
    once: Once,
) -> Campaign | DryRun:
    """Count and price a campaign. It is kept as planned, and spends nothing until it is started; with `dry_run` nothing
    is written at all."""
    with deps.database.reading() as session:
        planned = _planned(session, deps, fields)
    if fields.dry_run:
        return once.answered(Answer(DryRun(plan=planned.plan)))

    def work(session: Session) -> Answer[Campaign]:
        new = life.NewCampaign(
            target=planned.target,
            plan=planned.plan,
            name=fields.name,
            limits=fields.limits_of(),
            rules=fields.rules_of(),
        )
        made = life.create(session, new)
        return Answer(read_campaign(session, deps.services, made), 201, f"/v1/campaigns/{made}")

    return once(work, fields.model_dump(mode="json", by_alias=True))


def _planned(session: Session, deps: Dependencies, fields: CampaignFields) -> PlannedCampaign:
    selection = Selection.of(**dict(fields.selection))
    rules = rules_of(session, selection.archive) if selection.archive else Rules(name="")
    target = Target(
        selection=selection,
        until_id=newest_recording(session),
        fresh=fields.fresh,
        **fields.spec.requested(deps.services, rules)._asdict(),
    )
    return make_plan(session, deps.services, target, fields.limits_of(), fields.rules_of())


@router.get("/v1/campaigns", dependencies=[READ], responses=problems(400))
def get_campaigns(deps: Deps, page: PageQuery) -> Page[CampaignSummary]:
    """Campaigns, newest first, without the counts of their recordings."""
    with deps.database.reading() as session:
        return list_campaigns(session, page)


@router.get("/v1/campaigns/{campaign}", dependencies=[READ], responses=problems(404))
def get_campaign(campaign: str, deps: Deps) -> Campaign:
    """One campaign, by its id or name: how far it is, and what it took beside what was planned."""
    with deps.database.reading() as session:
        return read_campaign(session, deps.services, campaign)


@router.get("/v1/campaigns/{campaign}/recordings", dependencies=[READ], responses=problems(400, 404))
def get_recordings(
    campaign: str,
    deps: Deps,
    page: PageQuery,
    state: Annotated[str | None, Query(description="waiting, given, done or failed.")] = None,
) -> Page[CampaignRecording]:
    """Its recordings, each with its job and the versions before and after."""
    if state is not None and state not in set(MemberState):
        raise InvalidRequest(f"state must be one of {', '.join(MemberState)}; got {state[:20]!r}.")
    with deps.database.reading() as session:
        return list_members(session, campaign, page, MemberState(state) if state else None)


class CampaignChange:
    """One step of a campaign's life, done once, and the campaign as it is then."""

    def __init__(self, campaign: str, deps: Deps, once: Once) -> None:
        self._campaign = campaign
        self._deps = deps
        self._once = once

    def __call__(self, verb: Callable[[Session], None], fields: BaseModel) -> Campaign:
        def work(session: Session) -> Answer[Campaign]:
            verb(session)
            return Answer(read_campaign(session, self._deps.services, self._campaign))

        return self._once(work, fields.model_dump(mode="json"))


Change = Annotated[CampaignChange, Depends(CampaignChange)]


@router.post(
    "/v1/campaigns/{campaign}/start",
    dependencies=[CAMPAIGN],
    responses=REFUSED,
    openapi_extra=json_request(StartFields),
)
def start_campaign(
    campaign: str,
    fields: Annotated[StartFields, Depends(json_body(StartFields.model_validate, optional=True))],
    change: Change,
) -> Campaign:
    """Begin with its canary, or with all where that has no size; after the review go on with all."""
    return change(lambda session: life.start(session, campaign, canary=fields.canary), fields)


@router.post(
    "/v1/campaigns/{campaign}/promote",
    dependencies=[CAMPAIGN],
    responses=REFUSED,
    openapi_extra=json_request(PromoteFields),
)
def promote_campaign(
    campaign: str,
    fields: Annotated[PromoteFields, Depends(json_body(PromoteFields.model_validate, optional=True))],
    change: Change,
) -> Campaign:
    """Make its transcripts the current ones: of all recordings, or of those whose comparison passes the rule."""
    return change(lambda session: life.promote(session, campaign, fields.checked()), fields)


def _plain_verb(name: str, verb: Callable[[Session, str], None], sentence: str) -> None:
    """A verb that nothing is asked with."""

    def route(
        campaign: str,
        fields: Annotated[NoFields, Depends(json_body(NoFields.model_validate, optional=True))],
        change: Change,
    ) -> Campaign:
        return change(lambda session: verb(session, campaign), fields)

    path = f"/v1/campaigns/{{campaign}}/{name}"
    router.post(path, dependencies=[CAMPAIGN], name=f"{name}_campaign", description=sentence, responses=REFUSED)(route)


_plain_verb("pause", life.pause, "Begin no further recording; those at work are finished.")
_plain_verb("resume", life.resume, "Go on where it was paused.")
_plain_verb("cancel", life.cancel, "Stop it for good; what was transcribed stays readable.")
_plain_verb("rollback", life.roll_back, "Make the transcripts from before it the current ones again.")
