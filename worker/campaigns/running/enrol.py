"""Members are enrolled a slice of ids at a time, by one INSERT … SELECT each: nothing passes through this process."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from worker.campaigns.choice.selection import joined
from worker.campaigns.choice.target import Target, skip_of
from worker.database import upsert
from worker.models import Campaign, Member, Recording
from worker.states import MemberState

SLICE = 5_000  # recordings looked at in one transaction
COLUMNS = (
    "campaign_id",
    "recording_id",
    "state",
    "canary",
    "before_id",
    "promoted",
    "audio_ms",
    "sent_ms",
    "reused_ms",
    "tokens",
    "told_ms",
)


def enrol_slice(session: Session, campaign: Campaign) -> str | None:
    """Enrol the next recordings behind the campaign's position; the new position, None at the end."""
    target = Target.of(campaign)
    edge = _edge(session, target, campaign.position or "")
    if edge is None:
        return None
    within = (Recording.id > (campaign.position or ""), Recording.id <= edge)
    room = _room(session, campaign.id, target.selection.at_most)
    if room == 0:
        return None
    wanted = (*within, *target.chosen(), skip_of(session, target).is_(None))
    add_members(session, campaign.id, wanted, at_most=room)
    return edge


def add_members(
    session: Session,
    campaign_id: str,
    wanted: Sequence[ColumnElement[bool]],
    *,
    canary: bool = False,
    at_most: int | None = None,
) -> None:
    """Add the recordings as waiting members with the transcript that they have now; those that are members stay so."""
    values: tuple[Any, ...] = (campaign_id, Recording.id, MemberState.WAITING.value, canary)
    columns = [value if value is Recording.id else literal(value) for value in values]
    rows = joined(*columns, Recording.current_transcript_id, literal(False), *[literal(0)] * 5).where(*wanted)
    adding = upsert(session, Member).from_select(COLUMNS, rows.order_by(Recording.id).limit(at_most))
    session.execute(adding.on_conflict_do_nothing())


def _edge(session: Session, target: Target, after: str) -> str | None:
    """The last id of the next slice: of the archive's recordings where one is chosen."""
    ids = select(Recording.id).where(Recording.id > after, Recording.id <= target.until_id)
    if target.selection.archive is not None:
        ids = ids.where(Recording.archive == target.selection.archive)
    few = ids.order_by(Recording.id).limit(SLICE).subquery()
    edge: str | None = session.scalar(select(func.max(few.c.id)))
    return edge


def _room(session: Session, campaign_id: str, at_most: int | None) -> int | None:
    """How many more there may be: what is chosen can have changed since the plan."""
    if at_most is None:
        return None
    own = (Member.campaign_id == campaign_id, Member.canary.is_(False))
    return max(0, at_most - (session.scalar(select(func.count()).where(*own)) or 0))
