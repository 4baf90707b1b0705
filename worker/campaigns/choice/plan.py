"""What a campaign would do, take and cost: counted in a few statements over all recordings, and nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, and_, distinct, func, select, text
from sqlalchemy.orm import Session

from worker.archive_rules import check_known
from worker.campaigns.choice.selection import HEX, draw, joined
from worker.campaigns.choice.target import HOUR_MS, MOST_PINNED, CampaignLimits, CampaignRules, Skip, Target, skip_of
from worker.errors import LanguageNotSupported, NothingNew, NothingSelected, PriceUnknown, ServiceNotAllowed
from worker.models import Answer, Recording, Transcript
from worker.services.catalogue import Service
from worker.services.lookup import Services
from worker.shapes.campaigns import Plan, Reuse
from worker.spending.estimates import Estimate, estimate, send_ratio

SAMPLE = 50  # transcripts whose segments are read where no earlier job says how much is silence
SAMPLED = "a sample of the transcripts"
DAY_S = 86_400
MOST_LOOKED_UP = 10_000  # recordings whose answers are counted; of more a random part
SAMPLE_SEED = 0x5EED  # another lot than the selection's own, or a sample of it would be no sample


@dataclass(frozen=True, kw_only=True)
class PlannedGroup:
    """Recordings of the selection that are transcribed, or that are passed over for one reason."""

    recordings: int = 0
    audio_ms: int = 0
    measured: int = 0  # whose length is known

    @property
    def expected_ms(self) -> int:
        """Their length, where those that nobody has decoded yet are as long as the others."""
        return round(self.audio_ms * self.recordings / self.measured) if self.measured else 0


@dataclass(frozen=True, kw_only=True)
class PlannedCampaign:
    """A plan, and the target with its edge found: what the campaign is created with."""

    target: Target
    plan: Plan


def make_plan(
    session: Session, services: Services, target: Target, limits: CampaignLimits, rules: CampaignRules
) -> PlannedCampaign:
    """Count and price it.

    Raises UnknownArchive, NothingSelected, NothingNew, ServiceNotAllowed, LanguageNotSupported, and PriceUnknown where
    there is a limit in money.
    """
    if target.selection.archive is not None:
        check_known(session, target.selection.archive, "selection.archive")
    _raise_work_memory(session)
    target = replace(target, selection=target.selection.model_copy(update={"edge": _edge(session, target)}))
    groups = _groups(session, target)
    pinned = min(groups.get(Skip.PINNED, PlannedGroup()).recordings, MOST_PINNED) if rules.canary else 0
    chosen = groups.get(None, PlannedGroup())
    if not chosen.recordings and not pinned:
        raise _nothing_to_do(groups, target)
    service = _limited(services.find(target.spec.service), limits)
    estimated = _estimate(session, services, target, chosen, service)
    if limits.usd is not None and estimated.cost_usd is None:
        raise PriceUnknown(f"limits.usd: no price is known for {target.spec.model!r} of {service.name!r}.")
    reuse = expected_reuse(session, target, chosen.recordings)
    counts = {"canary": min(rules.canary, chosen.recordings) + pinned, "references": pinned}
    return PlannedCampaign(target=target, plan=Plan(**_figures(target, groups, estimated, reuse, limits), **counts))


def _raise_work_memory(session: Session) -> None:
    """PostgreSQL's default would put a million recordings' join on the disk, in parts."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL work_mem = '128MB'"))


def _edge(session: Session, target: Target) -> str | None:
    """Where the limit or the sample ends: so the choice is the same at each look, and by slices."""
    at_most, order = target.selection.at_most, Recording.id
    if at_most is None:
        return None
    lot = order if target.selection.limit is not None else draw(target.selection.seed)
    lots = joined(lot).where(*target.selection.conditions(target.until_id), skip_of(session, target).is_(None))
    edge: str | None = session.scalar(lots.order_by(lot).offset(at_most - 1).limit(1))
    return edge


def _groups(session: Session, target: Target) -> dict[str | None, PlannedGroup]:
    why = skip_of(session, target).label("why")
    each = joined(why, Recording.duration_ms).where(*target.chosen()).subquery()
    length = each.c.duration_ms
    sums = (func.count(), func.coalesce(func.sum(length), 0), func.count(length))
    rows = session.execute(select(each.c.why, *sums).group_by(each.c.why))
    return {
        why: PlannedGroup(recordings=n, audio_ms=int(audio_ms), measured=measured)
        for why, n, audio_ms, measured in rows
    }


def _nothing_to_do(groups: Mapping[str | None, PlannedGroup], target: Target) -> Exception:
    if not groups:
        return NothingSelected(f"The selection matches no recording. {NothingSelected.hint}")
    if Skip.SERVICE_NOT_ALLOWED in groups and len(groups) == 1:
        return ServiceNotAllowed(f"No archive of the selection allows the service {target.spec.service!r}.")
    if Skip.LANGUAGE_NOT_SUPPORTED in groups and len(groups) == 1:
        return LanguageNotSupported(
            f"The service {target.spec.service!r} cannot recognise the own language of any recording of the selection;"
            " with `auto` as the language it is detected."
        )
    if Skip.PINNED in groups and len(groups) == 1:
        return NothingSelected("Everything that is selected is pinned, and no campaign moves a pinned version.")
    skipped = ", ".join(f"{group.recordings} {why}" for why, group in groups.items())
    return NothingNew(
        f"Nothing would be asked anew ({skipped}): the current transcripts, or jobs on their way, have this recognition"
        f" key (service {target.spec.service}, model {target.spec.model}). {NothingNew.hint}"
    )


def _limited(service: Service, limits: CampaignLimits) -> Service:
    """A recording at work keeps one segment under way, for a careful estimate of the time."""
    return service if limits.parallel is None else replace(service, permits=min(service.permits, limits.parallel))


def _estimate(session: Session, services: Services, target: Target, chosen: PlannedGroup, service: Service) -> Estimate:
    ratio, ratio_from = send_ratio(
        session,
        target.selection.archive,
        lambda: _spoken_share(session, target),
        SAMPLED,
        streamed=target.spec.is_streamed,
    )
    return estimate(
        recordings=chosen.recordings,
        audio_ms=chosen.expected_ms,
        send_ratio=ratio,
        ratio_from=ratio_from,
        service=service,
        price=services.price(service, target.spec.model),
    )


def _spoken_share(session: Session, target: Target) -> float | None:
    """What the segments of a few transcripts cover of their recordings: those that were brought have them too."""
    query = joined(Transcript.segments, Transcript.duration_ms).where(*target.chosen(), Transcript.duration_ms > 0)
    rows: Sequence[Row[Any]] = session.execute(query.limit(SAMPLE)).all()
    total_ms = sum(row.duration_ms for row in rows)
    heard_ms = sum(segment["end_ms"] - segment["start_ms"] for row in rows for segment in row.segments)
    return heard_ms / total_ms if total_ms else None


def _figures(
    target: Target, groups: Mapping[str | None, PlannedGroup], estimated: Estimate, reuse: Reuse, limits: CampaignLimits
) -> dict[str, Any]:
    """Of a Plan, but for the canary."""
    chosen = groups.get(None, PlannedGroup())
    sent_ms = max(0, estimated.to_send_ms - reuse.audio_ms)
    share = sent_ms / estimated.to_send_ms if estimated.to_send_ms else 0.0
    cost = None if estimated.cost_usd is None else round(estimated.cost_usd * share, 6)
    return {
        "matched": sum(group.recordings for group in groups.values()),
        "recordings": estimated.recordings,
        "audio_ms": estimated.audio_ms,
        "length_unknown": chosen.recordings - chosen.measured,
        "to_send_ms": sent_ms,
        "send_ratio": round(estimated.send_ratio, 4),
        "ratio_from": estimated.ratio_from,
        "reused": reuse,
        "cost_usd": cost,
        "time_s": _time_s(estimated.time_s, share, sent_ms, limits),
        "over_limit": limits.usd is not None and cost is not None and cost > limits.usd,
        "skipped": {why: group.recordings for why, group in groups.items() if why is not None},
        "service": target.spec.service,
        "model": target.spec.model,
    }


def _time_s(at_full_pace_s: float | None, share: float, sent_ms: int, limits: CampaignLimits) -> float | None:
    """At the service's pace, or as many days as the daily hours want: whichever is longer."""
    by_day_s = sent_ms / (limits.hours_a_day * HOUR_MS) * DAY_S if limits.hours_a_day else None
    times_s = [
        time_s
        for time_s in (None if at_full_pace_s is None else at_full_pace_s * share, by_day_s)
        if time_s is not None
    ]
    return round(max(times_s), 1) if times_s else None


def expected_reuse(
    session: Session, target: Target, recordings: int, *, look_up_at_most: int = MOST_LOOKED_UP
) -> Reuse:
    """Of so many recordings that would be transcribed; of more than ``look_up_at_most`` a random part is looked up.

    A fresh run reuses nothing.
    """
    if target.fresh or not recordings:
        return Reuse(recordings=0, audio_ms=0, counted_over=recordings)
    key = target.languages(session).key().label("key")
    query = joined(Recording.id, Recording.digest, key).where(*target.chosen(), skip_of(session, target).is_(None))
    if recordings > look_up_at_most:
        query = query.where(draw(SAMPLE_SEED) < f"{int(look_up_at_most / recordings * HEX):08x}")
    looked_at = query.cte("looked_at").prefix_with("MATERIALIZED", dialect="postgresql")
    same = and_(Answer.digest == looked_at.c.digest, Answer.recognition_key == looked_at.c.key)
    sums = (func.count(distinct(looked_at.c.id)), func.coalesce(func.sum(Answer.end_ms - Answer.start_ms), 0))
    reused, heard_ms = session.execute(
        select(*sums).select_from(looked_at).join(Answer, and_(same, func.json_array_length(Answer.flags) == 0))
    ).one()
    counted = session.scalar(select(func.count()).select_from(looked_at)) or 0
    scale = recordings / counted if counted else 0.0
    return Reuse(recordings=round(reused * scale), audio_ms=round(int(heard_ms) * scale), counted_over=counted)
