"""Members follow their jobs' ends: a few at a time, each compared with what was there before it is noted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.campaigns.review.comparing import compare_member
from worker.campaigns.running.usage import CampaignUsage, usage_by_recording
from worker.database import change
from worker.models import Job, Member, Transcript
from worker.states import ENDED, JobState, MemberState

MOST = 25  # in one transaction: a comparison of long recordings takes a while
CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class End:
    """How a member's job has ended, and what it took."""

    recording_id: str
    job_id: str
    columns: dict[str, Any]

    @property
    def failed(self) -> bool:
        return bool(self.columns["state"] == MemberState.FAILED)


def read_ends(session: Session, campaign_id: str) -> list[End]:
    """Members whose jobs have ended and that do not know it yet, with the comparison of those that succeeded."""
    own = (Member.campaign_id == campaign_id, Member.state == MemberState.GIVEN, Job.status.in_(ENDED))
    query = select(Member, Job, Transcript.id).join(Job, Job.id == Member.job_id)
    rows = session.execute(query.outerjoin(Transcript, Transcript.job_id == Job.id).where(*own).limit(MOST)).all()
    counted = usage_by_recording(session, campaign_id, [member.recording_id for member, _, _ in rows])
    return [_end(session, *row, counted.get(row[0].recording_id, CampaignUsage())) for row in rows]


def _end(session: Session, member: Member, job: Job, after_id: str | None, counted: CampaignUsage) -> End:
    taken = {"audio_ms": job.audio_ms or 0, **vars(counted)}
    if job.status != JobState.SUCCEEDED:
        failed = {"state": MemberState.FAILED, "code": job.error_code or CANCELLED}
        return End(recording_id=member.recording_id, job_id=job.id, columns={**taken, **failed})
    session.expunge(member)  # or the session would write what is set here
    member.after_id = after_id  # as it will be
    comparison, rate = compare_member(session, member)
    done = {"state": MemberState.DONE, "code": None, "after_id": after_id, "comparison": comparison, "rate": rate}
    return End(recording_id=member.recording_id, job_id=job.id, columns={**taken, **done})


def keep_ends(session: Session, campaign_id: str, ends: Sequence[End]) -> list[End]:
    """Note them, but for members that another has noted, or that were given again meanwhile; those that were noted."""
    return [end for end in ends if _keep(session, campaign_id, end)]


def _keep(session: Session, campaign_id: str, end: End) -> bool:
    own = (Member.campaign_id == campaign_id, Member.recording_id == end.recording_id)
    still = (Member.state == MemberState.GIVEN, Member.job_id == end.job_id)
    ended = select(Job.id).where(Job.id == end.job_id, Job.status.in_(ENDED)).exists()
    noted = change(Member).where(*own, *still, ended).values(end.columns).returning(Member.recording_id)
    return session.scalar(noted) is not None
