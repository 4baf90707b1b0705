"""Campaigns: how far they are, what that took beside what was planned, and their recordings."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker import models
from worker.budgets import Scope, budgets_of
from worker.campaigns.choice.target import AT_WORK
from worker.campaigns.running.life import get_campaign
from worker.campaigns.running.usage import COLUMNS, CampaignUsage, unrecorded_usage
from worker.database import clock
from worker.models import Job, Member, Recording
from worker.services.lookup import Services
from worker.services.prices import usd
from worker.shapes.base import Page, moment
from worker.shapes.campaigns import (
    Actual,
    Campaign,
    CampaignBudget,
    CampaignProgress,
    CampaignRecording,
    CampaignRecordings,
    Campaigns,
    CampaignSummary,
    Limits,
    Plan,
    Reason,
    Rules,
)
from worker.shapes.jobs import Spec
from worker.spending.costs import Tokens, cost_of_sums
from worker.states import MemberState
from worker.views.pages import PageRequest, make_page
from worker.views.spending import budget_amounts


@dataclass(frozen=True, kw_only=True)
class MemberSums:
    """Members in a state, and what is recorded of their jobs' usage."""

    members: int = 0
    promoted: int = 0
    audio_ms: int = 0
    usage: CampaignUsage = field(default_factory=CampaignUsage)


def list_campaigns(session: Session, page: PageRequest) -> Page[CampaignSummary]:
    """A page of campaigns, newest first, without the counts of their recordings."""
    rows = session.scalars(page.rows_of(select(models.Campaign), models.Campaign.id))
    return make_page(Campaigns, [CampaignSummary(**_summary(row)) for row in rows], page)


def read_campaign(session: Session, services: Services, id_or_name: str) -> Campaign:
    """One campaign with everything that can be counted of it; raises UnknownCampaign."""
    row = get_campaign(session, id_or_name)
    by_state = _sums_by_state(session, row.id)
    counts = {state.value: by_state.get(state, MemberSums()).members for state in MemberState}
    return Campaign(
        **_summary(row),
        counts=counts,
        codes=_failures(session, row.id),
        waiting=_waiting(session, row.id),
        promoted=sum(sums.promoted for sums in by_state.values()),
        progress=_progress(row, counts, clock(session)),
        actual=_actual(session, services, row, by_state),
        budgets=[CampaignBudget(**budget_amounts(budget)) for budget in budgets_of(session, Scope.CAMPAIGN, row.id)],
    )


def list_members(
    session: Session, id_or_name: str, page: PageRequest, state: MemberState | None = None
) -> Page[CampaignRecording]:
    """A page of its recordings, the newest recording first; raises UnknownCampaign."""
    campaign = get_campaign(session, id_or_name)
    chosen = select(Member, Recording).join(Recording, Recording.id == Member.recording_id)
    chosen = chosen.where(Member.campaign_id == campaign.id, *([Member.state == state] if state else []))
    rows = session.execute(page.rows_of(chosen, Member.recording_id))
    return make_page(CampaignRecordings, [_member(member, recording) for member, recording in rows], page)


def _summary(row: models.Campaign) -> dict[str, Any]:
    """The fields of a CampaignSummary."""
    return {
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "step": row.step,
        "reason": None if row.reason is None else Reason.read(row.reason),
        "selection": {name: value for name, value in row.selection.items() if name != "edge"},
        "spec": Spec.read(row.spec),
        "own_language": bool(row.own_languages),
        "fresh": row.fresh,
        "limits": Limits.read(row.limits),
        "rules": Rules.read(row.rules),
        "plan": Plan.read(row.plan),
        "created_at": moment(row.created_ms),
        "started_at": moment(row.started_ms),
        "finished_at": moment(row.finished_ms),
        "promoted_at": moment(row.promoted_ms),
        "rolled_back_at": moment(row.rolled_back_ms),
    }


def _sums_by_state(session: Session, campaign_id: str) -> dict[str, MemberSums]:
    promoted = func.count().filter(Member.promoted.is_(True))
    sums = (func.count(), promoted, *(func.sum(column) for column in (Member.audio_ms, *COLUMNS)))
    rows = session.execute(select(Member.state, *sums).where(Member.campaign_id == campaign_id).group_by(Member.state))
    return {state: _member_sums(*map(int, sums)) for state, *sums in rows}


def _member_sums(members: int, promoted: int, audio_ms: int, *usage: int) -> MemberSums:
    recorded = CampaignUsage(**dict(zip((column.key for column in COLUMNS), usage, strict=True)))
    return MemberSums(members=members, promoted=promoted, audio_ms=audio_ms, usage=recorded)


def _failures(session: Session, campaign_id: str) -> dict[str, int]:
    own = (Member.campaign_id == campaign_id, Member.state == MemberState.FAILED)
    rows = session.execute(select(Member.code, func.count()).where(*own).group_by(Member.code))
    return {str(code): number for code, number in rows}


def _waiting(session: Session, campaign_id: str) -> dict[str, int]:
    """What its queued jobs wait for."""
    own = (Job.campaign_id == campaign_id, Job.status.in_(AT_WORK), Job.waiting_code.is_not(None))
    rows = session.execute(select(Job.waiting_code, func.count()).where(*own).group_by(Job.waiting_code))
    return {str(code): number for code, number in rows}


def _progress(row: models.Campaign, counts: dict[str, int], now: int) -> CampaignProgress:
    """Of the recordings that were planned, canary and references included; once all are enrolled, of those."""
    ended = counts[MemberState.DONE] + counts[MemberState.FAILED]
    planned = int(row.plan.get("recordings", 0)) + int(row.plan.get("references", 0))
    enrolled = sum(counts.values())
    total = enrolled if row.finished_ms is not None else max(planned, enrolled)
    left = max(0, total - ended)
    eta_s = None
    if ended and left and row.started_ms is not None and row.finished_ms is None:
        eta_s = round(left * max(now - row.started_ms, 1) / ended / 1000, 1)
    return CampaignProgress(ended=ended, total=total, eta_s=eta_s)


def _actual(session: Session, services: Services, row: models.Campaign, by_state: dict[str, MemberSums]) -> Actual:
    """What it took until now, beside the plan: as its jobs' usage has it, without looking at those that are done."""
    price = services.price_of(row.spec["service"], row.spec["model"])
    by_token = price is not None and price.usd_per_token is not None
    recorded = sum((sums.usage for sums in by_state.values()), CampaignUsage())
    usage = recorded + unrecorded_usage(session, row.id, by_token=by_token)
    cost = None if price is None else cost_of_sums(price, usage.sent_ms, Tokens(usage.tokens, usage.told_ms))
    return Actual(
        audio_ms=sum(sums.audio_ms for state, sums in by_state.items() if state != MemberState.GIVEN),
        sent_ms=usage.sent_ms,
        reused_ms=usage.reused_ms,
        cost_usd=None if cost is None else usd(cost),
    )


def _member(member: Member, recording: Recording) -> CampaignRecording:
    return CampaignRecording(
        id=member.recording_id,
        source=recording.source,
        archive=recording.archive,
        external_id=recording.external_id,
        state=member.state,
        code=member.code,
        canary=member.canary,
        pinned=recording.pinned,
        job=member.job_id,
        before=member.before_id,
        after=member.after_id,
        promoted=member.promoted,
        rate=member.rate,
        comparison=member.comparison,
        sent_ms=member.sent_ms,
        reused_ms=member.reused_ms,
    )
