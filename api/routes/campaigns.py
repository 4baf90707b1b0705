"""Campaigns: planned, started, paused, promoted and rolled back; each step of a campaign's life is a route."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.http.bodies import read_body
from api.http.dependencies import Door, DoorOf
from api.http.idempotent_writes import Answer, KeyHeader, checked_key, fingerprint_of, write
from api.http.pages import WindowQuery
from api.requests.campaigns import CampaignFields, NoFields, PromoteFields, StartFields, read_fields
from api.requests.docs import problems, request_body
from worker.archive_rules import Rules, rules_of
from worker.campaigns.choice.plan import Planned, make_plan
from worker.campaigns.choice.selection import Selection
from worker.campaigns.choice.target import Target
from worker.campaigns.running import life
from worker.doorway import Session
from worker.errors import InvalidRequest
from worker.recordings import newest_recording
from worker.shapes.campaigns import Campaign, CampaignRecordings, Campaigns, DryRun
from worker.states import MemberState
from worker.strict_json import parse_json
from worker.views.campaigns import list_campaigns, list_members, read_campaign

router = APIRouter(tags=["campaigns"])
Fields = TypeVar("Fields", bound=BaseModel)
REFUSED = problems(400, 404, 409, 422)


def _body(kind: type[Fields]) -> Callable[[Request], Awaitable[Fields]]:
    async def read(request: Request) -> Fields:
        body = await read_body(request)
        return read_fields(kind, parse_json(body) if body.strip() else {})

    return read


def _described(kind: type[BaseModel]) -> dict[str, Any]:
    return request_body({"application/json": kind.model_json_schema()})


@router.post(
    "/v1/campaigns",
    status_code=201,
    response_model=Campaign,
    responses={200: {"model": DryRun, "description": "The plan of a dry run."}, **REFUSED},
    openapi_extra=_described(CampaignFields),
)
def plan_campaign(
    door: DoorOf, asked: Annotated[CampaignFields, Depends(_body(CampaignFields))], idempotency_key: KeyHeader = None
) -> JSONResponse:
    """Count and price a campaign. It is kept as planned, and spends nothing until it is started; with `dry_run` nothing
    is written at all."""
    with door.database.reading() as session:
        planned = _planned(session, door, asked)
    if asked.dry_run:
        return JSONResponse({"plan": planned.view})

    def work(session: Session) -> Answer:
        new = life.NewCampaign(
            target=planned.target, name=asked.name, limits=asked.limits_of(), rules=asked.rules_of(), plan=planned.view
        )
        made = life.create(session, new)
        return Answer(read_campaign(session, door.services, made), 201, f"/v1/campaigns/{made}")

    fingerprint = fingerprint_of("/v1/campaigns", asked.model_dump(mode="json", by_alias=True))
    return write(door, work, key=checked_key(idempotency_key), fingerprint=fingerprint)


def _planned(session: Session, door: Door, asked: CampaignFields) -> Planned:
    selection = Selection.of(**dict(asked.selection))
    rules = rules_of(session, selection.archive) if selection.archive else Rules(name="")
    target = Target(
        selection=selection,
        until_id=newest_recording(session),
        fresh=asked.fresh,
        **asked.spec.requested(door.services, rules)._asdict(),
    )
    return make_plan(session, door.services, target, asked.limits_of(), asked.rules_of())


@router.get("/v1/campaigns", response_model=Campaigns, responses=problems(400))
def get_campaigns(door: DoorOf, window: WindowQuery) -> JSONResponse:
    """Campaigns, newest first, without the counts of their recordings."""
    with door.database.reading() as session:
        return JSONResponse(list_campaigns(session, window))


@router.get("/v1/campaigns/{campaign}", response_model=Campaign, responses=problems(404))
def get_campaign(campaign: str, door: DoorOf) -> JSONResponse:
    """One campaign, by its id or name: how far it is, and what it took beside what was planned."""
    with door.database.reading() as session:
        return JSONResponse(read_campaign(session, door.services, campaign))


@router.get("/v1/campaigns/{campaign}/recordings", response_model=CampaignRecordings, responses=problems(400, 404))
def get_recordings(
    campaign: str,
    door: DoorOf,
    window: WindowQuery,
    state: Annotated[str | None, Query(description="waiting, given, done or failed.")] = None,
) -> JSONResponse:
    """Its recordings, each with its job and the versions before and after."""
    if state is not None and state not in set(MemberState):
        raise InvalidRequest(f"state must be one of {', '.join(MemberState)}; got {state[:20]!r}.")
    with door.database.reading() as session:
        return JSONResponse(list_members(session, campaign, window, MemberState(state) if state else None))


@router.post(
    "/v1/campaigns/{campaign}/start",
    response_model=Campaign,
    responses=REFUSED,
    openapi_extra=_described(StartFields),
)
def start_campaign(
    campaign: str,
    door: DoorOf,
    asked: Annotated[StartFields, Depends(_body(StartFields))],
    idempotency_key: KeyHeader = None,
) -> JSONResponse:
    """Begin with its canary, or with all where that has no size; after the review go on with all."""

    def verb(session: Session) -> None:
        life.start(session, campaign, canary=asked.canary)

    return _do(door, campaign, "start", verb, asked=asked, key=idempotency_key)


@router.post(
    "/v1/campaigns/{campaign}/promote",
    response_model=Campaign,
    responses=REFUSED,
    openapi_extra=_described(PromoteFields),
)
def promote_campaign(
    campaign: str,
    door: DoorOf,
    asked: Annotated[PromoteFields, Depends(_body(PromoteFields))],
    idempotency_key: KeyHeader = None,
) -> JSONResponse:
    """Make its transcripts the current ones: of all recordings, or of those whose comparison passes the rule."""

    def verb(session: Session) -> None:
        life.promote(session, campaign, asked.checked())

    return _do(door, campaign, "promote", verb, asked=asked, key=idempotency_key)


def _plain_verb(name: str, verb: Callable[[Session, str], None], sentence: str) -> None:
    """A verb that nothing is asked with."""

    def route(
        campaign: str,
        door: DoorOf,
        asked: Annotated[NoFields, Depends(_body(NoFields))],
        idempotency_key: KeyHeader = None,
    ) -> JSONResponse:
        return _do(door, campaign, name, lambda session: verb(session, campaign), asked=asked, key=idempotency_key)

    path = f"/v1/campaigns/{{campaign}}/{name}"
    router.post(path, name=f"{name}_campaign", description=sentence, response_model=Campaign, responses=REFUSED)(route)


_plain_verb("pause", life.pause, "Begin no further recording; those at work are finished.")
_plain_verb("resume", life.resume, "Go on where it was paused.")
_plain_verb("cancel", life.cancel, "Stop it for good; what was transcribed stays readable.")
_plain_verb("rollback", life.roll_back, "Make the transcripts from before it the current ones again.")


def _do(
    door: Door, campaign: str, name: str, verb: Callable[[Session], None], *, asked: BaseModel, key: str | None
) -> JSONResponse:
    def work(session: Session) -> Answer:
        verb(session)
        return Answer(read_campaign(session, door.services, campaign))

    fingerprint = fingerprint_of(f"/v1/campaigns/{campaign}/{name}", asked.model_dump(mode="json"))
    return write(door, work, key=checked_key(key), fingerprint=fingerprint)
