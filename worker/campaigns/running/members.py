"""A campaign's members: counted, and their jobs withdrawn."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker.database import change
from worker.models import Member
from worker.queue import jobs
from worker.queue.filters import JobFilter, first_part
from worker.states import JobState, MemberState

ENDED = (MemberState.DONE, MemberState.FAILED)
SLICE = 2_000  # jobs stopped in one transaction


def counts(session: Session, campaign_id: str) -> tuple[int, int]:
    """How many members are done, and how many have failed; those that never got a job are neither."""
    own = (Member.campaign_id == campaign_id, Member.state.in_(ENDED), Member.job_id.is_not(None))
    rows = session.execute(select(Member.state, func.count()).where(*own).group_by(Member.state))
    found: dict[str, int] = dict(rows.all())
    return found.get(MemberState.DONE, 0), found.get(MemberState.FAILED, 0)


def number_of(session: Session, campaign_id: str, state: MemberState) -> int:
    """How many members are in a state."""
    own = (Member.campaign_id == campaign_id, Member.state == state)
    return session.scalar(select(func.count()).where(*own)) or 0


def has(session: Session, campaign_id: str, *states: MemberState, canary: bool = False) -> bool:
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
