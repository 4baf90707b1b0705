"""A campaign's members: counted, their jobs withdrawn, and their jobs' ends noted with a comparison of the versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker.campaigns.review.comparing import compare_member
from worker.campaigns.running.usage import CampaignUsage, usage_by_recording
from worker.database import change
from worker.models import Job, Member, Transcript
from worker.queue import jobs
from worker.queue.filters import JobFilter, first_part
from worker.states import ENDED, JobState, MemberState

SLICE = 2_000  # jobs stopped in one transaction
MOST_ENDS = 25  # in one transaction: a comparison of long recordings takes a while
CANCELLED = "cancelled"


def count_ended(session: Session, campaign_id: str) -> tuple[int, int]:
    """How many members are done, and how many have failed; those that never got a job are neither."""
    own = (
        Member.campaign_id == campaign_id,
        Member.state.in_((MemberState.DONE, MemberState.FAILED)),
        Member.job_id.is_not(None),
    )
    rows = session.execute(select(Member.state, func.count()).where(*own).group_by(Member.state))
    by_state: dict[str, int] = dict(rows.all())
    return by_state.get(MemberState.DONE, 0), by_state.get(MemberState.FAILED, 0)


def count_members(session: Session, campaign_id: str, state: MemberState) -> int:
    """How many members are in a state."""
    own = (Member.campaign_id == campaign_id, Member.state == state)
    return session.scalar(select(func.count()).where(*own)) or 0


def has_members(session: Session, campaign_id: str, *states: MemberState, canary: bool = False) -> bool:
    """Whether a member, of the canary or of all, is in one of these states."""
    own = (Member.campaign_id == campaign_id, Member.state.in_(states), *([Member.canary] if canary else []))
    return session.scalar(select(Member.recording_id).where(*own).limit(1)) is not None


def withdraw(session: Session, campaign_id: str, *states: JobState) -> int:
    """Stop a slice of its jobs in each of these states; their members wait again, with what was answered. How many."""
    return sum(_withdraw(session, JobFilter(campaign=campaign_id, status=state)) for state in states)


def _withdraw(session: Session, chosen: JobFilter) -> int:
    stopped = jobs.stop_many(session, first_part(session, chosen, SLICE))
    own = (Member.job_id.in_(stopped), Member.state == MemberState.GIVEN)
    session.execute(change(Member).where(*own).values(state=MemberState.WAITING))
    return len(stopped)


@dataclass(frozen=True, kw_only=True)
class MemberEnd:
    """How a member's job has ended, and what it took."""

    recording_id: str
    job_id: str
    columns: dict[str, Any]

    @property
    def failed(self) -> bool:
        return bool(self.columns["state"] == MemberState.FAILED)


def read_ends(session: Session, campaign_id: str) -> list[MemberEnd]:
    """Members whose jobs have ended and that do not know it yet, with the comparison of those that succeeded."""
    own = (Member.campaign_id == campaign_id, Member.state == MemberState.GIVEN, Job.status.in_(ENDED))
    query = select(Member, Job, Transcript.id).join(Job, Job.id == Member.job_id)
    rows = session.execute(query.outerjoin(Transcript, Transcript.job_id == Job.id).where(*own).limit(MOST_ENDS)).all()
    usages = usage_by_recording(session, campaign_id, [member.recording_id for member, _, _ in rows])
    return [_end(session, *row, usages.get(row[0].recording_id, CampaignUsage())) for row in rows]


def _end(session: Session, member: Member, job: Job, after_id: str | None, usage: CampaignUsage) -> MemberEnd:
    columns = {"audio_ms": job.audio_ms or 0, **vars(usage)}
    if job.status != JobState.SUCCEEDED:
        failed = {"state": MemberState.FAILED, "code": job.error_code or CANCELLED}
        return MemberEnd(recording_id=member.recording_id, job_id=job.id, columns={**columns, **failed})
    session.expunge(member)  # or the session would write what is set here
    member.after_id = after_id  # as it will be
    comparison, rate = compare_member(session, member)
    done = {"state": MemberState.DONE, "code": None, "after_id": after_id, "comparison": comparison, "rate": rate}
    return MemberEnd(recording_id=member.recording_id, job_id=job.id, columns={**columns, **done})


def record_ends(session: Session, campaign_id: str, ends: Sequence[MemberEnd]) -> list[MemberEnd]:
    """Note them, but for members that another has noted, or that were given again meanwhile; those that were noted."""
    return [end for end in ends if _record(session, campaign_id, end)]


def _record(session: Session, campaign_id: str, end: MemberEnd) -> bool:
    own = (Member.campaign_id == campaign_id, Member.recording_id == end.recording_id)
    still = (Member.state == MemberState.GIVEN, Member.job_id == end.job_id)
    ended = select(Job.id).where(Job.id == end.job_id, Job.status.in_(ENDED)).exists()
    noted = change(Member).where(*own, *still, ended).values(end.columns).returning(Member.recording_id)
    return session.scalar(noted) is not None
