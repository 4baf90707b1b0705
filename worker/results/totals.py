"""What jobs have cost and spared, summed: over a batch, or for each archive, service and month."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from worker.models import Job, Segment
from worker.results.progress import SPAN, STREAMED, SUMS, Tally

Key = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Milliseconds are of audio, over all channels but for ``audio_ms``, the recordings' lengths as far as decoded."""

    jobs: int = 0
    audio_ms: int = 0
    needed_ms: int = 0
    sent_ms: int = 0
    reused_ms: int = 0
    skipped_ms: int = 0
    gaps: int = 0
    first_started_ms: int | None = None


def _sum(column: ColumnElement[int] | InstrumentedAttribute[int | None]) -> ColumnElement[int]:
    return func.coalesce(func.sum(column), 0)


_CUT = case((STREAMED, 0), else_=Job.cut_ms * func.coalesce(Job.channels, 1))  # a stream leaves nothing out
_JOBS = (func.count(Job.id), _sum(Job.audio_ms), _sum(_CUT), _sum(Job.sent_outside_ms), func.min(Job.started_ms))
_SEGMENTS = (_sum(case((STREAMED, SPAN), else_=0)), *SUMS)


def totals(
    session: Session, *chosen: ColumnElement[bool], by: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]] = ()
) -> dict[Key, Totals]:
    """The chosen jobs' totals by the values of some columns; without columns there is one, whose key is empty."""
    places = [text(str(place)) for place, _ in enumerate(by, 1)]  # a field of JSON is bound, and no two binds are equal
    sums = select(*by, *_SEGMENTS).join(Job, Job.id == Segment.job_id).where(*chosen).group_by(*places)
    heard = {tuple(row[: len(by)]): row[len(by) :] for row in session.execute(sums)}
    rows = session.execute(select(*by, *_JOBS).where(*chosen).group_by(*places))
    return {tuple(row[: len(by)]): _totals(row[len(by) :], heard.get(tuple(row[: len(by)]))) for row in rows}


def _totals(job_sums: Sequence[Any], heard: Sequence[Any] | None) -> Totals:
    jobs, audio_ms, cut_ms, outside_ms, first_started_ms = job_sums
    streamed_ms, *sums = heard if heard is not None else (0,) * len(_SEGMENTS)
    tally = Tally(*map(int, sums))
    return Totals(
        jobs=jobs,
        audio_ms=int(audio_ms),
        needed_ms=tally.needed_ms,
        sent_ms=tally.sent_ms + int(outside_ms),
        reused_ms=tally.reused_ms,
        skipped_ms=max(0, int(cut_ms) - (tally.needed_ms - int(streamed_ms))),
        gaps=tally.gaps,
        first_started_ms=first_started_ms,
    )
