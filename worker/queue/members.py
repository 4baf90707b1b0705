"""A member follows its job when somebody tries that again by hand: in the transaction of the retry, so always."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.database import change
from worker.models import Campaign, Job, Member
from worker.states import CampaignState, MemberState

OVER = (CampaignState.PROMOTED, CampaignState.ROLLED_BACK, CampaignState.CANCELLED)


def given_again(session: Session, job_ids: Sequence[str]) -> None:
    """Jobs that had failed or were stopped are queued again: those of campaigns are waited for again."""
    ended = (Member.job_id.in_(job_ids), Member.state != MemberState.GIVEN)
    session.execute(change(Member).where(*ended).values(state=MemberState.GIVEN, code=None))


def campaign_for_successor(session: Session, job: Job) -> str | None:
    """The campaign that a job made in place of this one belongs to: none where that is over, for this is daily work."""
    if job.campaign_id is None:
        return None
    going_on = (Campaign.id == job.campaign_id, Campaign.status.not_in(OVER))
    return session.scalar(select(Campaign.id).where(*going_on))


def take_over(session: Session, job: Job, successor_id: str) -> None:
    """Another job does what this one was to do: the member, where it is one's, has that job from now on."""
    if campaign_for_successor(session, job) is not None:
        given = {"state": MemberState.GIVEN, "code": None, "job_id": successor_id}
        session.execute(change(Member).where(Member.job_id == job.id).values(given))
