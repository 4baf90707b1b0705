"""What campaigns do by themselves, a step at a time: the dispatcher calls `take_steps` in each round.

A step locks its campaign's row and is one bounded transaction; a campaign that another dispatcher has is passed over.
How far it is stands in its row, committed with what it did: whoever is killed, the next one goes on from there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from worker.campaigns.review.rules import thresholds_hold
from worker.campaigns.review.summary import summarise
from worker.campaigns.running import life
from worker.campaigns.running.enrolment import enrol_canary, enrol_slice
from worker.campaigns.running.feed import feed
from worker.campaigns.running.members import MemberEnd, count_ended, has_members, read_ends, record_ends, withdraw
from worker.campaigns.running.promotion import promote_late, promote_slice, roll_back_slice
from worker.database import Database
from worker.models import Campaign, Member
from worker.states import CampaignState, CampaignStep, JobState, MemberState
from worker.workers import slots

log = structlog.get_logger(__name__)

FEWEST_ENDED = 20  # before that, a share of failures says little
UNFINISHED = (MemberState.WAITING, MemberState.GIVEN)


@dataclass(frozen=True, kw_only=True)
class StepSizes:
    """How much one transaction does at the most."""

    enrolled: int = 5_000  # recordings that are looked at
    given: int = 200  # members that get a job
    promoted: int = 4_000  # members whose recordings' current versions are moved, there or back
    promoted_by_rule: int = 500  # the same where their comparisons are read


USUAL_SIZES = StepSizes()
Slice = Callable[[Session, Campaign, StepSizes], str | None]
SLICES: dict[CampaignStep, Slice] = {
    CampaignStep.ENROLLING: lambda session, campaign, sizes: enrol_slice(session, campaign, sizes.enrolled),
    CampaignStep.PROMOTING: lambda session, campaign, sizes: promote_slice(
        session, campaign, sizes.promoted_by_rule if campaign.rules.get("promote") else sizes.promoted
    ),
    CampaignStep.ROLLING_BACK: lambda session, campaign, sizes: roll_back_slice(session, campaign, sizes.promoted),
}


def take_steps(database: Database, sizes: StepSizes = USUAL_SIZES) -> bool:
    """One step of each campaign that has something to do; whether any of them has more to do at once."""
    going_on = _going_on(database)
    room = slots(database) if going_on else 0
    more = [_take_step(database, campaign_id, room, sizes) for campaign_id in going_on]
    return any(more)


def _going_on(database: Database) -> list[str]:
    """Campaigns that run, are in the middle of something, or wait for a job that somebody tried again."""
    given = (Member.campaign_id == Campaign.id, Member.state == MemberState.GIVEN)
    open_now = Campaign.status.in_((CampaignState.CANARY, CampaignState.RUNNING))
    waits = select(Member.recording_id).where(*given).exists()
    with database.reading() as session:
        query = select(Campaign.id).where(or_(open_now, Campaign.step.is_not(None), waits))
        return list(session.scalars(query.order_by(Campaign.id)))


def _take_step(database: Database, campaign_id: str, room: int, sizes: StepSizes) -> bool:
    with database.reading() as session:  # what is compared is compared before anything is locked
        ends = read_ends(session, campaign_id)
    with database.writing() as session:
        campaign = _lock(session, campaign_id)
        if campaign is None:
            return False
        noted = record_ends(session, campaign_id, ends)
        more = _go_on(session, campaign, noted, room, sizes)
        session.commit()
    return more or bool(noted)


def _lock(session: Session, campaign_id: str) -> Campaign | None:
    row = select(Campaign).where(Campaign.id == campaign_id).with_for_update(skip_locked=True, key_share=True)
    campaign = session.scalar(row)
    if campaign is not None:
        session.expunge(campaign)  # it is changed behind the session's back
    return campaign


def _go_on(session: Session, campaign: Campaign, noted: list[MemberEnd], room: int, sizes: StepSizes) -> bool:
    """The part of the step that is the state's; whether there is more to do at once."""
    match campaign.status:
        case CampaignState.CANARY:
            return _canary(session, campaign, room, sizes)
        case CampaignState.RUNNING:
            return _run(session, campaign, noted, room, sizes)
        case CampaignState.PAUSED:
            return withdraw(session, campaign.id, JobState.QUEUED) > 0
        case CampaignState.CANCELLED:
            return withdraw(session, campaign.id, JobState.QUEUED, JobState.RUNNING) > 0
    if noted and (
        campaign.step == CampaignStep.PROMOTING or (campaign.status, campaign.step) == (CampaignState.PROMOTED, None)
    ):
        promote_late(session, campaign, [end.recording_id for end in noted])
    return _next_slice(session, campaign, sizes)


def _next_slice(session: Session, campaign: Campaign, sizes: StepSizes) -> bool:
    """A slice of what goes on within the state; False where nothing does."""
    if campaign.step is None:
        return False
    position = SLICES[CampaignStep(campaign.step)](session, campaign, sizes)
    if position is None:
        life.come_to_the_end(session, campaign)
        log.info("a step of a campaign has come to its end", campaign=campaign.id, step=campaign.step)
    else:
        life.advance(session, campaign, position)
    return True


def _canary(session: Session, campaign: Campaign, room: int, sizes: StepSizes) -> bool:
    if campaign.step == CampaignStep.DRAWING:
        enrol_canary(session, campaign)
        life.come_to_the_end(session, campaign)
        return True
    given = feed(session, campaign, room, at_most=sizes.given, canary=True)
    if given or has_members(session, campaign.id, *UNFINISHED, canary=True):
        return False
    _review(session, campaign)
    return True


def _review(session: Session, campaign: Campaign) -> None:
    thresholds = campaign.rules.get("thresholds") or {}
    holds = bool(thresholds) and thresholds_hold(summarise(session, campaign.id, canary_only=True), thresholds)
    if holds:
        log.info("a canary is within its thresholds; its campaign goes on", campaign=campaign.id)
    else:
        log.info("a canary is done; its campaign waits for a review", campaign=campaign.id)
    why = "The canary is done" + (", and not within its thresholds." if thresholds else ": compare, then start.")
    life.reviewed(session, campaign, holds=holds, reason={"code": "canary_done", "message": why})


def _run(session: Session, campaign: Campaign, noted: list[MemberEnd], room: int, sizes: StepSizes) -> bool:
    if any(end.failed for end in noted) and (why := _too_many_failed(session, campaign)):
        log.warning("too many recordings of a campaign have failed; it is paused", campaign=campaign.id)
        life.pause(session, campaign.id, {"code": "too_many_failed", "message": why})
        return False
    enrolling = _next_slice(session, campaign, sizes)
    feed(session, campaign, room, at_most=sizes.given)
    if not enrolling and not has_members(session, campaign.id, *UNFINISHED):
        life.finish(session, campaign)
        log.info("a campaign has finished; its transcripts wait for the promotion", campaign=campaign.id)
    return enrolling


def _too_many_failed(session: Session, campaign: Campaign) -> str | None:
    """A sentence where the share of failures is over the campaign's; what was before it was resumed is forgiven."""
    forgiven_done, forgiven_failed = campaign.forgiven
    done, failed = count_ended(session, campaign.id)
    failed = max(0, failed - forgiven_failed)
    ended = max(0, done - forgiven_done) + failed
    most = campaign.rules["max_failure_share"]
    if ended < FEWEST_ENDED or failed <= most * ended:
        return None
    return f"{failed} of {ended} recordings have failed, more than {most:.0%}: look at their errors, then resume."
