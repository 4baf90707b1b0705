"""A streamed recording's answers as a whole: its utterances are known only from a stream, so only all can be reused."""

from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from worker.claims.claim import Claim
from worker.database import Database
from worker.models import Answer, Job, Recording, Segment
from worker.recognise.utterances import LONGEST_MS
from worker.results.segments import writing
from worker.spec import Spec
from worker.states import JobState, SegmentState


def find_same(database: Database, claim: Claim, digest: str) -> Job | None:
    """The latest job that streamed these bytes in the same way to its end."""
    with database.reading() as session:
        same = (
            job for job in session.scalars(_alike(claim, digest)) if claim.spec.segments_like(Spec.from_json(job.spec))
        )
        return next((job for job in same if not _is_stuck(session, job)), None)


def take_over(database: Database, claim: Claim, other: Job) -> None:
    """Give this job the other's utterances and answers; what was refused or flagged waits for an answer of its own."""
    known = {"cut_complete": True, "cut_ms": other.cut_ms, "audio_ms": other.audio_ms, "channels": other.channels}
    with writing(database, claim, **known) as session:
        rows = [_copy(claim, segment, answer) for segment, answer in session.execute(_answers_of(other))]
        if rows:
            session.execute(insert(Segment), rows)


def _copy(claim: Claim, segment: Segment, answer: Answer | None) -> dict[str, Any]:
    good = _is_good(segment, answer)
    return {
        "job_id": claim.job_id,
        "fence": claim.fence,
        "channel": segment.channel,
        "start_ms": segment.start_ms,
        "end_ms": segment.end_ms,
        "state": SegmentState.ANSWERED if good else SegmentState.PENDING,
        "answer_id": segment.answer_id if good else None,
        "reused": good,
    }


def _is_good(segment: Segment, answer: Answer | None) -> bool:
    return answer is not None and not answer.flags and not segment.flags


def _is_stuck(session: Session, job: Job) -> bool:
    """Whether what is not good is too long to be asked for as a segment of its own."""
    rows = session.execute(_answers_of(job))
    return any(one.end_ms - one.start_ms > LONGEST_MS for one, answer in rows if not _is_good(one, answer))


def _answers_of(job: Job) -> Select[Segment, Answer | None]:
    return select(Segment, Answer).outerjoin(Answer, Answer.id == Segment.answer_id).where(Segment.job_id == job.id)


def _alike(claim: Claim, digest: str) -> Select[Job]:
    return (
        select(Job)
        .join(Recording, Recording.id == Job.recording_id)
        .where(
            Recording.digest == digest,
            Job.recognition_key == claim.spec.recognition_key,
            Job.status == JobState.SUCCEEDED,
        )
        .order_by(Job.id.desc())
    )
