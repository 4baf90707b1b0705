"""The verbs of a campaign's life: the one place where its state changes, each by a guarded UPDATE.

They take the caller's session and lock the campaign's row until the caller commits; so do the steps of
`worker.campaigns.running.steps`, and the two never come between one another. A verb says what is to be; what takes long
is done by the steps behind it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from worker.budgets import Period, Scope, set_budget
from worker.campaigns.choice.target import HOUR_MS, CampaignLimits, CampaignRules, Target
from worker.campaigns.running.members import count_ended, withdraw
from worker.database import change, clock
from worker.errors import IllegalMove, InvalidRequest, UnknownCampaign
from worker.ids import new_id
from worker.models import Campaign
from worker.services.prices import nusd
from worker.shapes.campaigns import Plan
from worker.states import CAMPAIGN_MOVES, CampaignState, CampaignStep, JobState

DOING = {CampaignStep.PROMOTING: "being promoted", CampaignStep.ROLLING_BACK: "being rolled back"}
IN_STATE = {CampaignState.CANARY: "in canary", CampaignState.REVIEW: "in review"}


@dataclass(frozen=True, kw_only=True)
class NewCampaign:
    """A campaign as it is planned."""

    target: Target
    plan: Plan
    name: str | None = None
    limits: CampaignLimits = field(default_factory=CampaignLimits)
    rules: CampaignRules = field(default_factory=CampaignRules)


def create(session: Session, new: NewCampaign) -> str:
    """Insert a planned campaign and its budgets; its id. Raises InvalidRequest where the name is taken."""
    campaign_id, now = new_id(), clock(session)
    name = new.name or f"campaign-{campaign_id[-8:]}"
    if _find(session, name) is not None:
        raise InvalidRequest(f"name: there is a campaign {name!r} already.")
    row = {
        "id": campaign_id,
        "name": name,
        "status": CampaignState.PLANNED,
        "selection": new.target.selection.to_json(),
        "until_id": new.target.until_id,
        "spec": new.target.spec.to_json(),
        "own_languages": sorted(new.target.own_languages),
        "fresh": new.target.fresh,
        "limits": vars(new.limits),
        "rules": vars(new.rules),
        "plan": new.plan.as_json(),
        "created_ms": now,
        "changed_ms": now,
    }
    session.execute(insert(Campaign).values(row))
    _budget(session, campaign_id, new.limits)
    return campaign_id


def get_campaign(session: Session, id_or_name: str) -> Campaign:
    """The campaign's row; raises UnknownCampaign."""
    campaign = _find(session, id_or_name)
    if campaign is None:
        raise UnknownCampaign(f"There is no campaign {id_or_name!r}.")
    return campaign


# ---- for the doors: each raises UnknownCampaign, and IllegalMove that names the state


def start(session: Session, id_or_name: str, *, canary: int | None = None) -> None:
    """Begin with the canary, or at once where its size is 0; from the review go on with all."""
    campaign = _locked(session, id_or_name)
    if campaign.status == CampaignState.REVIEW:
        _run(session, campaign)
        return
    _expect(campaign, "started", CampaignState.PLANNED)
    size = int(campaign.rules["canary"] if canary is None else canary)
    begun = {"started_ms": clock(session), "rules": {**campaign.rules, "canary": size}}
    if size:
        _move(session, campaign, CampaignState.CANARY, step=CampaignStep.DRAWING, **begun)
    else:
        _run(session, campaign, **begun)


def pause(session: Session, id_or_name: str, reason: Mapping[str, str] | None = None) -> None:
    """Begin no further recording: queued jobs are withdrawn, those at work are finished."""
    campaign = _locked(session, id_or_name)
    _expect(campaign, "paused", CampaignState.RUNNING)
    _move(session, campaign, CampaignState.PAUSED, reason=dict(reason) if reason else None)
    withdraw(session, campaign.id, JobState.QUEUED)


def resume(session: Session, id_or_name: str) -> None:
    """Go on where it was; failures until now are forgiven, or the next one would pause it again."""
    campaign = _locked(session, id_or_name)
    _expect(campaign, "resumed", CampaignState.PAUSED)
    forgiven = list(count_ended(session, campaign.id))
    _move(session, campaign, CampaignState.RUNNING, reason=None, forgiven=forgiven)


def cancel(session: Session, id_or_name: str) -> None:
    """Stop it for good, its running jobs too; what was transcribed stays readable."""
    campaign = _locked(session, id_or_name)
    _move(session, campaign, CampaignState.CANCELLED, step=None, position=None, finished_ms=clock(session))
    withdraw(session, campaign.id, JobState.QUEUED, JobState.RUNNING)


def promote(session: Session, id_or_name: str, rule: Mapping[str, Any] | None = None) -> None:
    """Make its transcripts the current ones: of all members, or of those that pass the rule. Steps do it."""
    campaign = _locked(session, id_or_name)
    _expect(campaign, "promoted", CampaignState.FINISHED)
    rules = {**campaign.rules, "promote": dict(rule)} if rule is not None else campaign.rules
    _step(session, campaign, "promoted", step=CampaignStep.PROMOTING, rules=rules)


def roll_back(session: Session, id_or_name: str) -> None:
    """Make the transcripts from before it the current ones again. Steps do it."""
    campaign = _locked(session, id_or_name)
    _expect(campaign, "rolled back", CampaignState.PROMOTED)
    _step(session, campaign, "rolled back", step=CampaignStep.ROLLING_BACK)


# ---- for the steps, which hold the row's lock


def reviewed(session: Session, campaign: Campaign, *, holds: bool, reason: Mapping[str, str]) -> None:
    """The canary has ended: go on where the thresholds hold, else wait for somebody."""
    if holds:
        _run(session, campaign)
    else:
        _move(session, campaign, CampaignState.REVIEW, reason=dict(reason))


def finish(session: Session, campaign: Campaign) -> None:
    """All members have ended."""
    _move(session, campaign, CampaignState.FINISHED, finished_ms=clock(session))


def come_to_the_end(session: Session, campaign: Campaign) -> None:
    """The step that goes on has done its last slice."""
    done = {"step": None, "position": None}
    if campaign.step == CampaignStep.PROMOTING:
        _move(session, campaign, CampaignState.PROMOTED, promoted_ms=clock(session), **done)
    elif campaign.step == CampaignStep.ROLLING_BACK:
        _move(session, campaign, CampaignState.ROLLED_BACK, rolled_back_ms=clock(session), **done)
    else:
        _set(session, campaign, **done)


def advance(session: Session, campaign: Campaign, position: str) -> None:
    """The step that goes on has come so far."""
    _set(session, campaign, position=position)


def _run(session: Session, campaign: Campaign, **columns: Any) -> None:  # noqa: ANN401  # columns have many types
    _move(session, campaign, CampaignState.RUNNING, step=CampaignStep.ENROLLING, position=None, reason=None, **columns)


def _expect(campaign: Campaign, what: str, state: CampaignState) -> None:
    if campaign.status != state:
        raise _illegal(campaign, what)


def _illegal(campaign: Campaign, what: str) -> IllegalMove:
    """Its sentence names what goes on, else the state."""
    doing = DOING.get(CampaignStep(campaign.step)) if campaign.step else None
    state = IN_STATE.get(CampaignState(campaign.status), campaign.status)
    return IllegalMove(f"A campaign that is {doing or state} cannot be {what}.")


def _step(session: Session, campaign: Campaign, what: str, **columns: Any) -> None:  # noqa: ANN401  # columns have many types
    if campaign.step is not None:
        raise _illegal(campaign, what)
    _set(session, campaign, position=None, **columns)


def _move(session: Session, campaign: Campaign, target: CampaignState, **columns: Any) -> None:  # noqa: ANN401  # columns have many types
    """Along CAMPAIGN_MOVES or not at all; raises IllegalMove. The row is locked, so nobody moves it meanwhile."""
    if target not in CAMPAIGN_MOVES[CampaignState(campaign.status)]:
        raise _illegal(campaign, target.value.replace("_", " "))
    _set(session, campaign, status=target, **columns)


def _set(session: Session, campaign: Campaign, **columns: Any) -> None:  # noqa: ANN401  # columns have many types
    session.execute(change(Campaign).where(Campaign.id == campaign.id).values(changed_ms=clock(session), **columns))


def _locked(session: Session, id_or_name: str) -> Campaign:
    campaign = get_campaign(session, id_or_name)
    session.refresh(campaign, with_for_update={"key_share": True})
    session.expunge(campaign)  # it is changed behind the session's back: it must not remember this one
    return campaign


def _find(session: Session, id_or_name: str) -> Campaign | None:
    """By its id, else by its name."""
    campaigns = session.scalars(
        select(Campaign).where(or_(Campaign.id == id_or_name, Campaign.name == id_or_name))
    ).all()
    return next((campaign for campaign in campaigns if campaign.id == id_or_name), campaigns[0] if campaigns else None)


def _budget(session: Session, campaign_id: str, limits: CampaignLimits) -> None:
    if limits.hours_a_day is not None:
        limit_ms = round(limits.hours_a_day * HOUR_MS)
        set_budget(session, Scope.CAMPAIGN, campaign_id, Period.DAY, limit_ms=limit_ms)
    if limits.usd is not None:
        set_budget(session, Scope.CAMPAIGN, campaign_id, Period.ALL, limit_nusd=nusd(limits.usd))
