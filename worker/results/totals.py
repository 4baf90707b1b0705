"""What jobs have done, cost and spared: counted from their rows at each look, job by job or summed.

Nothing is kept beside the rows that could disagree with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from worker.models import Job, Segment
from worker.states import ENDED, JobState, Segmentation, SegmentState

STREAMED = Job.spec["segmentation"].as_string() == Segmentation.SERVER_VAD.value
SPAN = Segment.end_ms - Segment.start_ms
Key = tuple[Any, ...]


@dataclass(frozen=True)
class SegmentSums:
    """Sums over segments; milliseconds are of audio, over all channels."""

    segments: int = 0
    done: int = 0  # answered, or a gap
    gaps: int = 0
    needed_ms: int = 0  # what is said in: each span needs an answer, sent for or looked up
    pending_ms: int = 0  # the part of it that has neither answer nor gap
    reused_ms: int = 0  # the part of it that was looked up
    sent_ms: int = 0  # over all attempts


def _sum(
    column: ColumnElement[int] | InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
) -> ColumnElement[int]:
    return func.coalesce(func.sum(column), 0)


PENDING = Segment.state == SegmentState.PENDING
# The columns of a query over segments, in the order of the fields of `SegmentSums`; made once, for polls are many.
SUMS: tuple[ColumnElement[int], ...] = (
    func.count(Segment.id),
    _sum(case((PENDING, 0), else_=1)),
    _sum(case((Segment.state == SegmentState.GAP, 1), else_=0)),
    _sum(SPAN),
    _sum(case((PENDING, SPAN), else_=0)),
    _sum(case((Segment.reused, SPAN), else_=0)),
    _sum(Segment.sent_ms),
)
BY_JOB = select(Segment.job_id, *SUMS).group_by(Segment.job_id)


def segment_sums(session: Session, job_ids: Sequence[str]) -> dict[str, SegmentSums]:
    """Each job's sums, in one query over the segments' index by job; a job without segments is left out."""
    rows = session.execute(BY_JOB.where(Segment.job_id.in_(job_ids)))
    return {job_id: SegmentSums(*map(int, counted)) for job_id, *counted in rows}


def audio_ms_done(job: Job, sums: SegmentSums) -> int:
    """How far along the recording is, silence included: what is cut, less what still waits for its answer."""
    if job.status == JobState.SUCCEEDED:
        return job.audio_ms or 0
    return max(0, job.cut_ms - sums.pending_ms // (job.channels or 1))


def skipped_ms(job: Job, sums: SegmentSums) -> int:
    """Silence that nobody was asked about, over all channels, as far as the cut has come; a stream leaves none out."""
    if job.spec["segmentation"] == Segmentation.SERVER_VAD:
        return 0
    return max(0, job.cut_ms * (job.channels or 1) - sums.needed_ms)


def eta_s(job: Job, done_ms: int, total_ms: int | None, now_ms: int) -> float | None:
    """Seconds to go at the speed since the latest claim; None while that cannot be told, or at the end.

    What was done before, and the time that the job waited, say nothing of how fast it is now.
    """
    gained_ms = done_ms - job.resumed_ms
    if job.status != JobState.RUNNING or job.claimed_ms is None or not total_ms or gained_ms <= 0:
        return None
    elapsed_ms = max(now_ms - job.claimed_ms, 1)
    return round(max(total_ms - done_ms, 0) * elapsed_ms / gained_ms / 1000, 1)


def batch_eta_s(counts: dict[str, int], first_started_ms: int | None, now_ms: int) -> float | None:
    """Seconds to go at the rate at which the batch's jobs have ended; None before the first has, or at the end."""
    ended = sum(counts.get(state, 0) for state in ENDED)
    left = sum(counts.values()) - ended
    if not ended or not left or first_started_ms is None:
        return None
    return round(left * max(now_ms - first_started_ms, 1) / ended / 1000, 1)


@dataclass(frozen=True, kw_only=True)
class JobTotals:
    """Milliseconds are of audio, over all channels but for ``audio_ms``, the recordings' lengths as far as decoded."""

    jobs: int = 0
    audio_ms: int = 0
    needed_ms: int = 0
    sent_ms: int = 0
    reused_ms: int = 0
    skipped_ms: int = 0
    gaps: int = 0
    first_started_ms: int | None = None


_CUT = case((STREAMED, 0), else_=Job.cut_ms * func.coalesce(Job.channels, 1))  # a stream leaves nothing out
_JOBS = (func.count(Job.id), _sum(Job.audio_ms), _sum(_CUT), _sum(Job.sent_outside_ms), func.min(Job.started_ms))
_SEGMENTS = (_sum(case((STREAMED, SPAN), else_=0)), *SUMS)


def job_totals(
    session: Session, *chosen: ColumnElement[bool], by: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]] = ()
) -> dict[Key, JobTotals]:
    """The chosen jobs' totals by the values of some columns; without columns there is one, whose key is empty."""
    positions = [text(str(at)) for at, _ in enumerate(by, 1)]  # a field of JSON is bound, and no two binds are equal
    sums = select(*by, *_SEGMENTS).join(Job, Job.id == Segment.job_id).where(*chosen).group_by(*positions)
    heard = {tuple(row[: len(by)]): row[len(by) :] for row in session.execute(sums)}
    rows = session.execute(select(*by, *_JOBS).where(*chosen).group_by(*positions))
    return {tuple(row[: len(by)]): _totals(row[len(by) :], heard.get(tuple(row[: len(by)]))) for row in rows}


def _totals(job_sums: Sequence[Any], heard: Sequence[Any] | None) -> JobTotals:
    jobs, audio_ms, cut_ms, outside_ms, first_started_ms = job_sums
    streamed_ms, *columns = heard if heard is not None else (0,) * len(_SEGMENTS)
    sums = SegmentSums(*map(int, columns))
    return JobTotals(
        jobs=jobs,
        audio_ms=int(audio_ms),
        needed_ms=sums.needed_ms,
        sent_ms=sums.sent_ms + int(outside_ms),
        reused_ms=sums.reused_ms,
        skipped_ms=max(0, int(cut_ms) - (sums.needed_ms - int(streamed_ms))),
        gaps=sums.gaps,
        first_started_ms=first_started_ms,
    )
