"""What a recording's new version changed: numbers small enough for a row, and the passages that people look at.

Where the recording's current version was made by a person and is pinned, it is the reference, and old and new have
error rates against it. Elsewhere there is only the difference of the new one from the old one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from worker.models import Campaign, Job, Member, Recording, Transcript
from worker.results.comparison import (
    Passage,
    counted_passages,
    edits_by_time,
    most_frequent,
    numbers_of,
    passages,
    unit_of,
    version_numbers,
    word_counts,
)
from worker.results.word_errors import Edits, edits_between
from worker.states import CampaignState, Origin

MOST_WORDS = 15  # that appeared, and that vanished
LONGEST_WORD = 40  # characters that are kept of one
NO_RATE = 1.0  # where the other version has words and this one none: all of it is different
NOTHING: dict[str, Any] = {"text": "", "segments": [], "gaps": [], "model": None, "language": None}
View = Mapping[str, Any]
LONGEST_VOTABLE_MS = 120_000  # nobody can judge more at once
MOST_VOTABLE = 3  # of a recording: so that votes are not all about the few worst recordings


@dataclass(frozen=True, kw_only=True)
class ComparedVersions:
    """A recording's versions that are compared, in their JSON form: what a person says was said, before, and after."""

    reference: View | None = None
    old: View | None = None
    new: View


def compare_member(session: Session, member: Member) -> tuple[dict[str, Any], float | None]:
    """The numbers of a member whose job has succeeded, and the rate that orders members: the most different first.

    The rate is None where there is nothing to compare with. Reads at most three transcripts, and writes nothing.
    """
    ids = _ids(session, member)
    compared = numbers(read_versions(session, ids))
    return {**compared, **ids}, compared["rate"]


def read_versions(session: Session, ids: Mapping[str, Any]) -> ComparedVersions:
    """The versions that a member's comparison names in ``reference_id``, ``old_id`` and ``new_id``."""
    reference, old, new = (_version(session, ids[name]) for name in ("reference_id", "old_id", "new_id"))
    return ComparedVersions(reference=reference, old=old, new=new or NOTHING)


def numbers(versions: ComparedVersions) -> dict[str, Any]:
    """Everything that is counted; pure. ``rate`` is that of the new version against what it is measured by."""
    base = versions.reference or versions.old
    passages_edited = list(counted_passages(versions.old, versions.new)) if versions.old else []
    difference = reduce(add, (edits for _, edits in passages_edited), Edits()) if versions.old else None
    errors = [
        edits_by_time(versions.reference, one) if versions.reference and one else None
        for one in (versions.old, versions.new)
    ]
    judged = errors[1] or difference
    counted = [word_counts(one or NOTHING) for one in (base, versions.old, versions.new)]
    return {
        "measure": "error" if versions.reference else "difference" if versions.old else "none",
        "unit": unit_of(counted[0] if base else counted[2]),
        "rate": None if judged is None else judged.rate if judged.words else NO_RATE * bool(judged.count),
        "old_error": numbers_of(errors[0]) if errors[0] else None,
        "new_error": numbers_of(errors[1]) if errors[1] else None,
        "difference": numbers_of(difference) if difference else None,
        "length_ratio": counted[2].total() / counted[0].total() if counted[0] else None,
        "old": version_numbers(versions.old) if versions.old else None,
        "new": version_numbers(versions.new),
        **(_words(counted[1], counted[2]) if versions.old else {"appeared": {}, "vanished": {}}),
        "votable": len(votable(passages_edited)),
    }


def _words(before: Counter[str], after: Counter[str]) -> dict[str, dict[str, int]]:
    return {"appeared": _most(after - before), "vanished": _most(before - after)}


def _most(words: Counter[str]) -> dict[str, int]:
    return {word[:LONGEST_WORD]: times for word, times in most_frequent(words, MOST_WORDS).items()}


def _ids(session: Session, member: Member) -> dict[str, str | None]:
    reference = _reference(session, member.recording_id)
    old = _machine_made(session, member) if reference else member.before_id
    return {"reference_id": reference, "old_id": old, "new_id": member.after_id}


def _reference(session: Session, recording_id: str) -> str | None:
    """The current version, where a person has made and pinned it."""
    human = (Recording.id == recording_id, Recording.pinned, Transcript.origin == Origin.IMPORT)
    query = select(Transcript.id).join(Recording, Recording.current_transcript_id == Transcript.id)
    return session.scalar(query.where(*human))


def _machine_made(session: Session, member: Member) -> str | None:
    """The latest version before the campaign's that a job has made; the trials of other campaigns do not count."""
    daily = or_(Job.campaign_id.is_(None), Campaign.status == CampaignState.PROMOTED)
    query = (
        select(Transcript.id)
        .join(Job, Job.id == Transcript.job_id)
        .outerjoin(Campaign, Campaign.id == Job.campaign_id)
        .where(Transcript.recording_id == member.recording_id, Transcript.id < member.after_id, daily)
    )
    return session.scalar(query.order_by(Transcript.id.desc()).limit(1))


def _version(session: Session, transcript_id: str | None) -> dict[str, Any] | None:
    columns = (Transcript.text, Transcript.segments, Transcript.gaps, Transcript.model, Transcript.language)
    row = session.execute(select(*columns).where(Transcript.id == transcript_id)).one_or_none()
    return None if row is None else dict(row._mapping)  # SQLAlchemy's way to a row's names


def votable(counted: Iterable[tuple[Passage, Edits]]) -> list[Passage]:
    """The few most different of an old and a new version's passages."""
    short = ((passage, edits) for passage, edits in counted if edits.count and _is_short(passage))
    different = sorted(short, key=lambda one: (-one[1].count, one[0].channel, one[0].start_ms))
    return [passage for passage, _ in different[:MOST_VOTABLE]]


def _is_short(passage: Passage) -> bool:
    return passage.end_ms - passage.start_ms <= LONGEST_VOTABLE_MS


def key_of(passage: Passage) -> str:
    """The passage's name within its recording."""
    return f"{passage.channel}-{passage.start_ms}-{passage.end_ms}"


@dataclass(frozen=True, kw_only=True)
class DifferentPassage:
    """What each version says at one time; None for a version that there is none of."""

    channel: int
    start_ms: int
    end_ms: int
    reference: str | None
    old: str | None
    new: str
    edits: int  # of the new version, against the reference where there is one, else against the old one


def different_passages(versions: ComparedVersions) -> list[DifferentPassage]:
    """Passages cut where no version says anything, without those in which all say the same words."""
    transcripts = [one or NOTHING for one in (versions.reference, versions.old, versions.new)]
    cut = (_shown(versions, passage) for passage in passages(*(one["segments"] for one in transcripts)))
    counted = [(shown, _edits(shown.reference, shown.old)) for shown in cut]
    counted.sort(key=lambda one: (-one[0].edits, -one[1], one[0].start_ms, one[0].channel))
    return [shown for shown, before in counted if shown.edits or before]


def _shown(versions: ComparedVersions, passage: Passage) -> DifferentPassage:
    reference, old, new = passage.texts
    said = reference if versions.reference else None
    before = old if versions.old else None
    return DifferentPassage(
        channel=passage.channel,
        start_ms=passage.start_ms,
        end_ms=passage.end_ms,
        reference=said,
        old=before,
        new=new,
        edits=_edits(before if said is None else said, new),
    )


def _edits(base: str | None, other: str | None) -> int:
    return 0 if base is None or other is None else edits_between(base, other).count
