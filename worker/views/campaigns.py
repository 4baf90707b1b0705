"""Campaigns as JSON: how far they are, what that took beside what was planned, and their recordings."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker.budgets import BudgetState, Scope, budgets_of
from worker.campaigns.choice.target import AT_WORK
from worker.campaigns.running.life import get_campaign
from worker.campaigns.running.usage import COLUMNS, CampaignUsage, unrecorded_usage
from worker.database import clock
from worker.models import Campaign, Job, Member, Recording
from worker.services.lookup import Services
from worker.services.prices import usd
from worker.spec import Spec
from worker.spending.costs import Tokens, cost_of_sums
from worker.states import MemberState
from worker.views.pages import Page, Window, paged
from worker.views.times import iso

View = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Members in a state, and what is kept of what their jobs have taken."""

    members: int = 0
    promoted: int = 0
    audio_ms: int = 0
    taken: CampaignUsage = field(default_factory=CampaignUsage)


def list_campaigns(session: Session, window: Window) -> Page:
    """A page of campaigns, newest first, without the counts of their recordings."""
    rows = session.execute(window.over(select(Campaign), Campaign.id))
    return paged([_plain(row) for (row,) in rows], window)


def read_campaign(session: Session, services: Services, id_or_name: str) -> View:
    """One campaign with everything that can be counted of it; raises UnknownCampaign."""
    row = get_campaign(session, id_or_name)
    by_state = _tallies(session, row.id)
    counts = {state.value: by_state.get(state, Tally()).members for state in MemberState}
    return {
        **_plain(row),
        "counts": counts,
        "codes": _failures(session, row.id),
        "waiting": _waiting(session, row.id),
        "promoted": sum(tally.promoted for tally in by_state.values()),
        "progress": _progress(row, counts, clock(session)),
        "actual": _actual(session, services, row, by_state),
        "budgets": [_budget(one) for one in budgets_of(session, Scope.CAMPAIGN, row.id)],
    }


def list_members(session: Session, id_or_name: str, window: Window, state: MemberState | None = None) -> Page:
    """A page of its recordings, the newest recording first; raises UnknownCampaign."""
    campaign = get_campaign(session, id_or_name)
    wanted = select(Member, Recording).join(Recording, Recording.id == Member.recording_id)
    wanted = wanted.where(Member.campaign_id == campaign.id, *([Member.state == state] if state else []))
    rows = session.execute(window.over(wanted, Member.recording_id))
    return paged([_member(member, recording) for member, recording in rows], window)


def _plain(row: Campaign) -> View:
    return {
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "step": row.step,
        "reason": row.reason,
        "selection": {name: value for name, value in row.selection.items() if name != "edge"},
        "spec": row.spec,
        "own_language": bool(row.own_languages),
        "fresh": row.fresh,
        "limits": row.limits,
        "rules": row.rules,
        "plan": row.plan,
        "created_at": iso(row.created_ms),
        "started_at": iso(row.started_ms),
        "finished_at": iso(row.finished_ms),
        "promoted_at": iso(row.promoted_ms),
        "rolled_back_at": iso(row.rolled_back_ms),
    }


def _tallies(session: Session, campaign_id: str) -> dict[str, Tally]:
    promoted = func.count().filter(Member.promoted.is_(True))
    sums = (func.count(), promoted, *(func.sum(column) for column in (Member.audio_ms, *COLUMNS)))
    rows = session.execute(select(Member.state, *sums).where(Member.campaign_id == campaign_id).group_by(Member.state))
    return {state: _tally(*map(int, found)) for state, *found in rows}


def _tally(members: int, promoted: int, audio_ms: int, *taken: int) -> Tally:
    kept = CampaignUsage(**dict(zip((column.key for column in COLUMNS), taken, strict=True)))
    return Tally(members=members, promoted=promoted, audio_ms=audio_ms, taken=kept)


def _failures(session: Session, campaign_id: str) -> dict[str, int]:
    own = (Member.campaign_id == campaign_id, Member.state == MemberState.FAILED)
    rows = session.execute(select(Member.code, func.count()).where(*own).group_by(Member.code))
    return {str(code): number for code, number in rows}


def _waiting(session: Session, campaign_id: str) -> dict[str, int]:
    """What its queued jobs wait for."""
    own = (Job.campaign_id == campaign_id, Job.status.in_(AT_WORK), Job.waiting_code.is_not(None))
    rows = session.execute(select(Job.waiting_code, func.count()).where(*own).group_by(Job.waiting_code))
    return {str(code): number for code, number in rows}


def _progress(row: Campaign, counts: dict[str, int], now: int) -> View:
    """Of the recordings that were planned, canary and references included; once all are enrolled, of those."""
    ended = counts[MemberState.DONE] + counts[MemberState.FAILED]
    planned = int(row.plan.get("recordings", 0)) + int(row.plan.get("references", 0))
    enrolled = sum(counts.values())
    total = enrolled if row.finished_ms is not None else max(planned, enrolled)
    left = max(0, total - ended)
    eta_s = None
    if ended and left and row.started_ms is not None and row.finished_ms is None:
        eta_s = round(left * max(now - row.started_ms, 1) / ended / 1000, 1)
    return {"ended": ended, "total": total, "eta_s": eta_s}


def _actual(session: Session, services: Services, row: Campaign, by_state: dict[str, Tally]) -> View:
    """What it took until now, beside the plan: as its jobs' usage has it, without looking at those that are done."""
    spec = Spec.from_json(row.spec)
    price = services.price_of(spec.service, spec.model)
    by_token = price is not None and price.usd_per_token is not None
    kept = sum((tally.taken for tally in by_state.values()), CampaignUsage())
    taken = kept + unrecorded_usage(session, row.id, by_token=by_token)
    cost = None if price is None else cost_of_sums(price, taken.sent_ms, Tokens(taken.tokens, taken.told_ms))
    return {
        "audio_ms": sum(tally.audio_ms for state, tally in by_state.items() if state != MemberState.GIVEN),
        "sent_ms": taken.sent_ms,
        "reused_ms": taken.reused_ms,
        "cost_usd": None if cost is None else usd(cost),
    }


def _budget(one: BudgetState) -> View:
    return {
        "period": one.period,
        "limit_usd": None if one.limit_nusd is None else usd(one.limit_nusd),
        "limit_ms": one.limit_ms,
        "spent_usd": usd(one.spent_nusd),
        "spent_ms": one.spent_ms,
        "reserved_usd": usd(one.reserved_nusd),
        "reserved_ms": one.reserved_ms,
    }


def _member(member: Member, recording: Recording) -> View:
    return {
        "id": member.recording_id,
        "source": recording.source,
        "archive": recording.archive,
        "external_id": recording.external_id,
        "state": member.state,
        "code": member.code,
        "canary": member.canary,
        "pinned": recording.pinned,
        "job": member.job_id,
        "before": member.before_id,
        "after": member.after_id,
        "promoted": member.promoted,
        "rate": member.rate,
        "comparison": member.comparison,
        "sent_ms": member.sent_ms,
        "reused_ms": member.reused_ms,
    }
