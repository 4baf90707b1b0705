"""What a campaign's jobs have taken: kept with each member when its job ends, over all that the campaign gave it.

Jobs that can still be charged are counted from their rows at each look. A job that was stopped is one of these: what
was under way then is charged a moment later.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, CompoundSelect, func, select
from sqlalchemy.orm import Session

from worker.models import Job, Member
from worker.results.totals import JobTotals, job_totals
from worker.spending.costs import Tokens, tokens_by_recording
from worker.states import JobState, MemberState

CHARGEABLE = (JobState.QUEUED, JobState.RUNNING, JobState.CANCELLED)
COLUMNS = (Member.sent_ms, Member.reused_ms, Member.tokens, Member.told_ms)


@dataclass(frozen=True, kw_only=True)
class CampaignUsage:
    """Milliseconds over all channels; ``tokens`` are what answers name, of ``told_ms`` of what was sent."""

    sent_ms: int = 0
    reused_ms: int = 0
    tokens: int = 0
    told_ms: int = 0

    def __add__(self, other: "CampaignUsage") -> "CampaignUsage":
        return CampaignUsage(**{name: value + getattr(other, name) for name, value in vars(self).items()})

    def __sub__(self, other: "CampaignUsage") -> "CampaignUsage":
        return CampaignUsage(**{name: value - getattr(other, name) for name, value in vars(self).items()})


def usage_by_recording(session: Session, campaign_id: str, recording_ids: Sequence[str]) -> dict[str, CampaignUsage]:
    """What the campaign's jobs have taken for each of these recordings: a retry under other options is one of them."""
    own = (Job.campaign_id == campaign_id, Job.recording_id.in_(recording_ids))
    tokens = tokens_by_recording(session, *own)
    sums = job_totals(session, *own, by=[Job.recording_id])
    return {row_id: _usage(job_totals, tokens.get(row_id, Tokens())) for (row_id,), job_totals in sums.items()}


def unrecorded_usage(session: Session, campaign_id: str, *, by_token: bool) -> CampaignUsage:
    """What is to be added to the sums of all members: their jobs' that can be charged, less what is kept of those.

    Without ``by_token`` their answers are not looked at, and no tokens counted.
    """
    changing = _open_recordings(campaign_id)
    jobs: tuple[ColumnElement[bool], ...] = (Job.campaign_id == campaign_id, Job.recording_id.in_(changing))
    tokens = sum(tokens_by_recording(session, *jobs).values(), Tokens()) if by_token else Tokens()
    return _usage(job_totals(session, *jobs).get((), JobTotals()), tokens) - _recorded(session, campaign_id, changing)


def _open_recordings(campaign_id: str) -> CompoundSelect[str]:
    """Recordings with a job that can be charged, or whose member has not noted yet that it has ended."""
    chargeable = select(Job.recording_id).where(Job.campaign_id == campaign_id, Job.status.in_(CHARGEABLE))
    given = select(Member.recording_id).where(Member.campaign_id == campaign_id, Member.state == MemberState.GIVEN)
    return chargeable.union(given)


def _recorded(session: Session, campaign_id: str, recording_ids: CompoundSelect[str]) -> CampaignUsage:
    own = (Member.campaign_id == campaign_id, Member.recording_id.in_(recording_ids))
    sums = session.execute(select(*(func.coalesce(func.sum(one), 0) for one in COLUMNS)).where(*own)).one()
    return CampaignUsage(**{one.key: int(value) for one, value in zip(COLUMNS, sums, strict=True)})


def _usage(one: JobTotals, tokens: Tokens) -> CampaignUsage:
    return CampaignUsage(sent_ms=one.sent_ms, reused_ms=one.reused_ms, tokens=tokens.number, told_ms=tokens.of_ms)
