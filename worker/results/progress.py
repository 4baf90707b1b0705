"""How far jobs are, counted from their rows at each look: nothing is kept beside them that could disagree."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from worker.models import Job, Segment
from worker.states import ENDED, JobState, Segmentation, SegmentState

STREAMED = Job.spec["segmentation"].as_string() == Segmentation.SERVER_VAD.value
SPAN = Segment.end_ms - Segment.start_ms


@dataclass(frozen=True)
class Tally:
    """Sums over segments; milliseconds are of audio, over all channels."""

    segments: int = 0
    done: int = 0  # answered, or a gap
    gaps: int = 0
    needed_ms: int = 0  # what is said in: each span needs an answer, sent for or looked up
    pending_ms: int = 0  # the part of it that has neither answer nor gap
    reused_ms: int = 0  # the part of it that was looked up
    sent_ms: int = 0  # over all attempts


def _sum(column: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[int]:
    return func.coalesce(func.sum(column), 0)


PENDING = Segment.state == SegmentState.PENDING
# The columns of a query over segments, in the order of the fields of `Tally`; made once, for polls are many.
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


def tallies(session: Session, job_ids: Sequence[str]) -> dict[str, Tally]:
    """Each job's tally, in one query over the segments' index by job; a job without segments is left out."""
    rows = session.execute(BY_JOB.where(Segment.job_id.in_(job_ids)))
    return {job_id: Tally(*map(int, counted)) for job_id, *counted in rows}


def audio_ms_done(job: Job, tally: Tally) -> int:
    """How far along the recording is, silence included: what is cut, less what still waits for its answer."""
    if job.status == JobState.SUCCEEDED:
        return job.audio_ms or 0
    return max(0, job.cut_ms - tally.pending_ms // (job.channels or 1))


def skipped_ms(job: Job, tally: Tally) -> int:
    """Silence that nobody was asked about, over all channels, as far as the cut has come; a stream leaves none out."""
    if job.spec["segmentation"] == Segmentation.SERVER_VAD:
        return 0
    return max(0, job.cut_ms * (job.channels or 1) - tally.needed_ms)


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
