"""Who becomes a member: a canary of every kind of recording first, then the whole selection, a slice of ids at a time.

Each slice is one INSERT … SELECT: nothing passes through this process.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from worker.campaigns.choice.selection import draw, joined
from worker.campaigns.choice.target import MOST_PINNED, Skip, Target, skip_of
from worker.database import upsert
from worker.models import Campaign, Member, Recording, Transcript
from worker.states import MemberState

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
POOL = 2_000  # recordings at random, of which the canary is chosen
BANDS_MS = (60_000, 600_000, 3_600_000)  # short, a call, a meeting, and what is longer

Stratum = tuple[int | None, str, int | None, bool]


def enrol_slice(session: Session, campaign: Campaign, size: int) -> str | None:
    """Of the next ``size`` recordings behind the campaign's position; the new position, None at the end."""
    target = Target.of(campaign)
    edge = _edge(session, target, campaign.position or "", size)
    if edge is None:
        return None
    within = (Recording.id > (campaign.position or ""), Recording.id <= edge)
    room = _room(session, campaign.id, target.selection.at_most)
    if room == 0:
        return None
    conditions = (*within, *target.chosen(), skip_of(session, target).is_(None))
    add_members(session, campaign.id, conditions, at_most=room)
    return edge


def add_members(
    session: Session,
    campaign_id: str,
    conditions: Sequence[ColumnElement[bool]],
    *,
    canary: bool = False,
    at_most: int | None = None,
) -> None:
    """Add the recordings as waiting members with the transcript that they have now; those that are members stay so."""
    values: tuple[Any, ...] = (campaign_id, Recording.id, MemberState.WAITING.value, canary)
    columns = [value if value is Recording.id else literal(value) for value in values]
    rows = joined(*columns, Recording.current_transcript_id, literal(False), *[literal(0)] * 5).where(*conditions)
    adding = upsert(session, Member).from_select(COLUMNS, rows.order_by(Recording.id).limit(at_most))
    session.execute(adding.on_conflict_do_nothing())


def _edge(session: Session, target: Target, after: str, size: int) -> str | None:
    """The last id of the next slice: of the archive's recordings where one is chosen."""
    ids = select(Recording.id).where(Recording.id > after, Recording.id <= target.until_id)
    if target.selection.archive is not None:
        ids = ids.where(Recording.archive == target.selection.archive)
    few = ids.order_by(Recording.id).limit(size).subquery()
    edge: str | None = session.scalar(select(func.max(few.c.id)))
    return edge


def _room(session: Session, campaign_id: str, at_most: int | None) -> int | None:
    """How many more there may be: what is chosen can have changed since the plan."""
    if at_most is None:
        return None
    own = (Member.campaign_id == campaign_id, Member.canary.is_(False))
    return max(0, at_most - (session.scalar(select(func.count()).where(*own)) or 0))


@dataclass(frozen=True, kw_only=True)
class CanaryCandidate:
    """A recording, by what the canary is stratified by."""

    recording_id: str
    duration_ms: int | None
    language: str | None
    channels: int | None
    flagged: bool

    @property
    def stratum(self) -> Stratum:
        band = None if self.duration_ms is None else sum(self.duration_ms >= edge for edge in BANDS_MS)
        return band, self.language or "", self.channels, self.flagged


def choose(candidates: Iterable[CanaryCandidate], size: int) -> list[str]:
    """The ids of ``size`` candidates: one of each stratum in turn, so that a rare kind is not left out.

    The strata with most candidates go first; within one the order stays, which is to be random already.
    """
    strata: dict[Stratum, list[str]] = defaultdict(list)
    for one in candidates:
        strata[one.stratum].append(one.recording_id)
    rounds = zip_longest(*sorted(strata.values(), key=len, reverse=True))
    return [recording_id for recording_id in chain.from_iterable(rounds) if recording_id is not None][:size]


def enrol_canary(session: Session, campaign: Campaign) -> None:
    """Make the sample members, and pinned recordings with it: what a person has made is what is best compared with."""
    target, size = Target.of(campaign), int(campaign.rules["canary"])
    skip = skip_of(session, target)
    sample = choose(_pool(session, target, skip), size)
    pinned = joined(Recording.id).where(*target.selection.conditions(target.until_id), skip == Skip.PINNED.value)
    references = session.scalars(pinned.order_by(draw(target.selection.seed)).limit(MOST_PINNED)).all()
    add_members(session, campaign.id, [Recording.id.in_([*sample, *references])], canary=True)


def _pool(session: Session, target: Target, skip: ColumnElement[str]) -> Sequence[CanaryCandidate]:
    columns = (
        Recording.id,
        Recording.duration_ms,
        Recording.language,
        Transcript.language,
        Recording.channels,
        Transcript.flags_count,
    )
    query = joined(*columns).where(*target.chosen(), skip.is_(None))
    rows = session.execute(query.order_by(draw(target.selection.seed)).limit(POOL))
    return [
        CanaryCandidate(
            recording_id=recording_id,
            duration_ms=duration_ms,
            language=own or heard,
            channels=channels,
            flagged=bool(flags),
        )
        for recording_id, duration_ms, own, heard, channels, flags in rows
    ]
