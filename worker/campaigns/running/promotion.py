"""The current versions are moved a slice of members at a time, and back: each slice is one transaction.

A recording's pointer goes from one transcript to the other in one UPDATE, so no reader ever finds none. A slice that
was done already changes nothing: a step that was killed is taken again.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from worker.campaigns.review.rules import passes
from worker.database import change
from worker.models import Campaign, Member, Recording
from worker.states import MemberState

Version = InstrumentedAttribute[str | None]


def promote_slice(session: Session, campaign: Campaign, size: int) -> str | None:
    """Move the current versions of the next ``size`` members behind the position; the new position, None at the end.

    A pinned version stays, and so does one that is not the one from before any more: somebody, or a job, has chosen
    another since, and that was not what the new one was compared with.
    """
    rule = campaign.rules.get("promote")
    edge = _edge(session, campaign, size)
    if edge is not None:
        own = _slice(campaign, edge)
        promote_some(session, [*own, *([_passing(session, own, rule)] if rule else [])])
    return edge


def promote_late(session: Session, campaign: Campaign, recording_ids: Sequence[str]) -> None:
    """The same for members that ended after the promotion, as their jobs were tried again by hand."""
    rule = campaign.rules.get("promote")
    own = [Member.campaign_id == campaign.id, Member.state == MemberState.DONE, Member.recording_id.in_(recording_ids)]
    promote_some(session, [*own, *([_passing(session, own, rule)] if rule else [])])


def promote_some(session: Session, chosen: Sequence[ColumnElement[bool]]) -> None:
    """Move those of the chosen members' recordings that may be, and note which are the campaign's now."""
    before = Recording.current_transcript_id.is_not_distinct_from(Member.before_id)
    _point(session, chosen, Member.after_id, before)
    _note(session, chosen, Member.after_id, promoted=True)


def roll_back_slice(session: Session, campaign: Campaign, size: int) -> str | None:
    """Put the versions from before back, where the campaign's is still the current one and nobody has pinned it.

    Where there was none before, the campaign's stays: a transcript is better than none.
    """
    edge = _edge(session, campaign, size)
    if edge is not None:
        chosen = [*_slice(campaign, edge), Member.promoted.is_(True), Member.before_id.is_not(None)]
        _point(session, chosen, Member.before_id, Recording.current_transcript_id == Member.after_id)
        _note(session, chosen, Member.before_id, promoted=False)
    return edge


def _edge(session: Session, campaign: Campaign, size: int) -> str | None:
    own = (Member.campaign_id == campaign.id, Member.state == MemberState.DONE)
    behind = Member.recording_id > (campaign.position or "")
    few = select(Member.recording_id).where(*own, behind).order_by(Member.recording_id).limit(size).subquery()
    edge: str | None = session.scalar(select(func.max(few.c.recording_id)))
    return edge


def _slice(campaign: Campaign, edge: str) -> list[ColumnElement[bool]]:
    within = and_(Member.recording_id > (campaign.position or ""), Member.recording_id <= edge)
    return [Member.campaign_id == campaign.id, Member.state == MemberState.DONE, within]


def _passing(session: Session, own: Sequence[ColumnElement[bool]], rule: dict[str, Any]) -> ColumnElement[bool]:
    rows = session.execute(select(Member.recording_id, Member.comparison).where(*own))
    return Member.recording_id.in_([row_id for row_id, comparison in rows if comparison and passes(comparison, rule)])


def _point(session: Session, chosen: Sequence[ColumnElement[bool]], target: Version, may: ColumnElement[bool]) -> None:
    """Rows are locked in the order of their ids first, as everybody does who changes many."""
    ids = select(Member.recording_id).where(*chosen)
    lock = select(Recording.id).where(Recording.id.in_(ids)).order_by(Recording.id).with_for_update(key_share=True)
    session.execute(lock).all()
    theirs = (Member.recording_id == Recording.id, *chosen, ~Recording.pinned, may)
    session.execute(change(Recording).where(*theirs).values(current_transcript_id=target))


def _note(session: Session, chosen: Sequence[ColumnElement[bool]], target: Version, *, promoted: bool) -> None:
    points = (Recording.id == Member.recording_id, Recording.current_transcript_id == target)
    is_current = select(Recording.id).where(*points).correlate(Member).exists()
    session.execute(change(Member).where(*chosen, is_current).values(promoted=promoted))
