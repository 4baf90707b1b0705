"""How many answers of a campaign are there already: counted over all recordings, or over a sample of very many."""

from dataclasses import dataclass

from sqlalchemy import and_, distinct, func, select
from sqlalchemy.orm import Session

from worker.campaigns.choice.selection import HEX, draw, joined
from worker.campaigns.choice.target import Target, skip_of
from worker.models import Answer, Recording

MOST = 10_000  # recordings that are looked up
SEED = 0x5EED  # another lot than the selection's own, or a sample of it would be no sample


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """Recordings with answers under the recognition key they are asked under, and how much audio those are of."""

    recordings: int = 0
    audio_ms: int = 0
    counted_over: int = 0  # recordings; fewer than all: the numbers are scaled up


def expected_reuse(session: Session, target: Target, recordings: int) -> Reuse:
    """Of so many recordings that would be transcribed. A fresh run reuses nothing."""
    if target.fresh or not recordings:
        return Reuse(counted_over=recordings)
    key = target.languages(session).key().label("key")
    wanted = joined(Recording.id, Recording.digest, key).where(*target.chosen(), skip_of(session, target).is_(None))
    if recordings > MOST:
        wanted = wanted.where(draw(SEED) < f"{int(MOST / recordings * HEX):08x}")
    looked_at = wanted.cte("looked_at").prefix_with("MATERIALIZED", dialect="postgresql")
    same = and_(Answer.digest == looked_at.c.digest, Answer.recognition_key == looked_at.c.key)
    sums = (func.count(distinct(looked_at.c.id)), func.coalesce(func.sum(Answer.end_ms - Answer.start_ms), 0))
    found, heard_ms = session.execute(
        select(*sums).select_from(looked_at).join(Answer, and_(same, func.json_array_length(Answer.flags) == 0))
    ).one()
    counted = session.scalar(select(func.count()).select_from(looked_at)) or 0
    scale = recordings / counted if counted else 0.0
    return Reuse(recordings=round(found * scale), audio_ms=round(int(heard_ms) * scale), counted_over=counted)
