"""The canary: a small part of the selection that goes first, drawn so that every kind of recording is in it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from worker.campaigns.choice.selection import draw, joined
from worker.campaigns.choice.target import MOST_PINNED, Skip, Target, skip_of
from worker.campaigns.running.enrol import add_members
from worker.models import Campaign, Recording, Transcript

POOL = 2_000  # recordings at random, of which the canary is chosen
BANDS_MS = (60_000, 600_000, 3_600_000)  # short, a call, a meeting, and what is longer

Stratum = tuple[int | None, str, int | None, bool]


@dataclass(frozen=True, kw_only=True)
class Candidate:
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


def choose(candidates: Iterable[Candidate], size: int) -> list[str]:
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


def _pool(session: Session, target: Target, skip: ColumnElement[str]) -> Sequence[Candidate]:
    columns = (
        Recording.id,
        Recording.duration_ms,
        Recording.language,
        Transcript.language,
        Recording.channels,
        Transcript.flags_count,
    )
    wanted = joined(*columns).where(*target.chosen(), skip.is_(None))
    rows = session.execute(wanted.order_by(draw(target.selection.seed)).limit(POOL))
    return [
        Candidate(
            recording_id=recording_id,
            duration_ms=duration_ms,
            language=own or heard,
            channels=channels,
            flagged=bool(flags),
        )
        for recording_id, duration_ms, own, heard, channels, flags in rows
    ]
