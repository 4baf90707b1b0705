"""The passages of a recording in which its versions differ, the most different first. Pure."""

from dataclasses import dataclass

from worker.campaigns.review.comparing import NOTHING, Trio
from worker.results.comparison import Passage, passages
from worker.results.word_errors import edits_between


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What each version says at one time; None for a version that there is none of."""

    channel: int
    start_ms: int
    end_ms: int
    reference: str | None
    old: str | None
    new: str
    edits: int  # of the new version, against the reference where there is one, else against the old one


def differing(trio: Trio) -> list[Shown]:
    """Passages cut where no version says anything, without those in which all say the same words."""
    versions = [one or NOTHING for one in (trio.reference, trio.old, trio.new)]
    cut = (_shown(trio, passage) for passage in passages(*(one["segments"] for one in versions)))
    found = [(shown, _edits(shown.reference, shown.old)) for shown in cut]
    found.sort(key=lambda one: (-one[0].edits, -one[1], one[0].start_ms, one[0].channel))
    return [shown for shown, before in found if shown.edits or before]


def _shown(trio: Trio, passage: Passage) -> Shown:
    reference, old, new = passage.texts
    said = reference if trio.reference else None
    before = old if trio.old else None
    return Shown(
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
