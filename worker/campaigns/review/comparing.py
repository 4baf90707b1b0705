"""What a recording's new version changed: numbers small enough for a row, and the rules that judge them.

Where the recording's current version was made by a person and is pinned, it is the reference, and old and new have
error rates against it. Elsewhere there is only the difference of the new one from the old one.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from worker.campaigns.review.rules import checked_rule, checked_thresholds, passes, thresholds_hold
from worker.campaigns.review.votable import votable
from worker.models import Campaign, Job, Member, Recording, Transcript
from worker.results.comparison import (
    counted_passages,
    edits_by_time,
    most_frequent,
    numbers_of,
    unit_of,
    version_numbers,
    word_counts,
)
from worker.results.word_errors import Edits
from worker.states import CampaignState, Origin

__all__ = [
    "Trio",
    "checked_rule",
    "checked_thresholds",
    "compare_member",
    "numbers",
    "passes",
    "read_trio",
    "thresholds_hold",
]
MOST_WORDS = 15  # that appeared, and that vanished
LONGEST_WORD = 40  # characters that are kept of one
NO_RATE = 1.0  # where the other version has words and this one none: all of it is different
NOTHING: dict[str, Any] = {"text": "", "segments": [], "gaps": [], "model": None, "language": None}
View = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Trio:
    """A recording's versions that are compared, in their JSON form: what a person says was said, before, and after."""

    reference: View | None = None
    old: View | None = None
    new: View


def compare_member(session: Session, member: Member) -> tuple[dict[str, Any], float | None]:
    """The numbers of a member whose job has succeeded, and the rate that orders members: the most different first.

    The rate is None where there is nothing to compare with. Reads at most three transcripts, and writes nothing.
    """
    ids = _ids(session, member)
    compared = numbers(read_trio(session, ids))
    return {**compared, **ids}, compared["rate"]


def read_trio(session: Session, ids: Mapping[str, Any]) -> Trio:
    """The versions that a member's comparison names in ``reference_id``, ``old_id`` and ``new_id``."""
    reference, old, new = (_version(session, ids[name]) for name in ("reference_id", "old_id", "new_id"))
    return Trio(reference=reference, old=old, new=new or NOTHING)


def numbers(trio: Trio) -> dict[str, Any]:
    """Everything that is counted; pure. ``rate`` is that of the new version against what it is measured by."""
    base = trio.reference or trio.old
    passages = list(counted_passages(trio.old, trio.new)) if trio.old else []
    difference = reduce(add, (edits for _, edits in passages), Edits()) if trio.old else None
    errors = [edits_by_time(trio.reference, one) if trio.reference and one else None for one in (trio.old, trio.new)]
    judged = errors[1] or difference
    counted = [word_counts(one or NOTHING) for one in (base, trio.old, trio.new)]
    return {
        "measure": "error" if trio.reference else "difference" if trio.old else "none",
        "unit": unit_of(counted[0] if base else counted[2]),
        "rate": None if judged is None else judged.rate if judged.words else NO_RATE * bool(judged.count),
        "old_error": numbers_of(errors[0]) if errors[0] else None,
        "new_error": numbers_of(errors[1]) if errors[1] else None,
        "difference": numbers_of(difference) if difference else None,
        "length_ratio": counted[2].total() / counted[0].total() if counted[0] else None,
        "old": version_numbers(trio.old) if trio.old else None,
        "new": version_numbers(trio.new),
        **(_words(counted[1], counted[2]) if trio.old else {"appeared": {}, "vanished": {}}),
        "votable": len(votable(passages)),
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
    wanted = select(Transcript.id).join(Recording, Recording.current_transcript_id == Transcript.id)
    return session.scalar(wanted.where(*human))


def _machine_made(session: Session, member: Member) -> str | None:
    """The latest version before the campaign's that a job has made; the trials of other campaigns do not count."""
    daily = or_(Job.campaign_id.is_(None), Campaign.status == CampaignState.PROMOTED)
    wanted = (
        select(Transcript.id)
        .join(Job, Job.id == Transcript.job_id)
        .outerjoin(Campaign, Campaign.id == Job.campaign_id)
        .where(Transcript.recording_id == member.recording_id, Transcript.id < member.after_id, daily)
    )
    return session.scalar(wanted.order_by(Transcript.id.desc()).limit(1))


def _version(session: Session, transcript_id: str | None) -> dict[str, Any] | None:
    columns = (Transcript.text, Transcript.segments, Transcript.gaps, Transcript.model, Transcript.language)
    row = session.execute(select(*columns).where(Transcript.id == transcript_id)).one_or_none()
    return None if row is None else dict(row._mapping)  # SQLAlchemy's way to a row's names
