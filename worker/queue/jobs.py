"""The verbs: the one place where a job's state changes, each by a guarded UPDATE along `worker.states.MOVES`.

Verbs for the doors take the caller's session, so that an idempotency key joins the transaction: the caller commits,
then wakes a worker. Verbs for workers take the database and a claim, and raise LeaseLost where it does not hold.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, String, and_, bindparam, case, cast, func, null, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from realtime.protocol.errors import CodedError
from worker.claims.claim import FREE, PROGRESS, Claim, locked
from worker.database import Database, change, now_ms
from worker.errors import IllegalMove, UnexpectedError, UnknownJob
from worker.hints import message_of
from worker.models import Job, Recording, Segment
from worker.queue.claim_query import next_due
from worker.queue.filters import JobFilter
from worker.queue.members import given_again
from worker.queue.moves import ended_by, move_claimed, move_many, moving
from worker.queue.waiting import NOT_WAITING, waiting_for
from worker.results.transcripts import add_transcript
from worker.spec import Spec
from worker.states import JobState, Lane, SegmentState

IDS_AT_ONCE = 10_000  # SQLite takes 32,766 values in one statement, PostgreSQL 65,535
CLAIM_TRIES = 10  # a lost try means that another worker won a job


# ---- for the doors


def cancel(session: Session, job_id: str) -> None:
    """Stop a queued or running job; its worker learns of it by the next renewal. Raises UnknownJob, IllegalMove."""
    if not _cancel(session, Job.id == job_id):
        raise _why_not(session, job_id, "cancelled")


def cancel_many(session: Session, chosen: JobFilter) -> int:
    """Stop those of the chosen jobs that are queued or running; how many.

    A batch's are those that it made: one that was there before is somebody else's too.
    """
    own = [Job.batch_id == chosen.batch] if chosen.batch is not None else []
    return len(_cancel(session, *own, *chosen.conditions()))


def stop_many(session: Session, chosen: JobFilter) -> Sequence[str]:
    """As `cancel_many`; their ids."""
    return _cancel(session, *chosen.conditions())


def retry(session: Session, job_id: str, *, changes: dict[str, Any] | None = None) -> None:
    """Queue a failed or cancelled job again, from its first missing segment. Raises UnknownJob, IllegalMove.

    ``changes`` are columns that say when it runs.
    """
    if not _retry(session, (Job.id == job_id,), changes or {}):
        raise _why_not(session, job_id, "tried again")


def retry_many(session: Session, chosen: JobFilter) -> int:
    """Queue those of the chosen jobs again that failed or were cancelled; how many."""
    return len(_retry(session, chosen.conditions(), {}))


def _cancel(session: Session, *conditions: ColumnElement[bool]) -> Sequence[str]:
    changes = {**FREE, **NOT_WAITING, "finished_ms": now_ms()}
    return move_many(session, JobState.CANCELLED, conditions, changes)


def _retry(session: Session, conditions: Iterable[ColumnElement[bool]], changes: dict[str, Any]) -> Sequence[str]:
    deadline = case((Job.deadline_ms > now_ms(), Job.deadline_ms), else_=None)
    clean = {"attempts": 0, "error": null(), "error_code": None, "finished_ms": None, "due_ms": now_ms()}
    columns = {**clean, **PROGRESS, "deadline_ms": deadline, **changes}
    may = Job.status.in_((JobState.FAILED, JobState.CANCELLED))  # a running job may be queued again, but not by hand
    moved = move_many(session, JobState.QUEUED, (may, *conditions), columns)
    for start in range(0, len(moved), IDS_AT_ONCE):
        part = moved[start : start + IDS_AT_ONCE]
        _reopen_gaps(session, part)
        given_again(session, part)
    return moved


def _reopen_gaps(session: Session, job_ids: Sequence[str]) -> None:
    gaps = and_(Segment.job_id.in_(job_ids), Segment.state == SegmentState.GAP)
    session.execute(change(Segment).where(gaps).values(state=SegmentState.PENDING, gap_code=None, gap_message=None))


def _why_not(session: Session, job_id: str, what: str) -> UnknownJob | IllegalMove:
    status = session.scalar(select(Job.status).where(Job.id == job_id))
    if status is None:
        return UnknownJob(f"There is no job {job_id!r}.")
    return IllegalMove(f"A job that is {status} cannot be {what}.")


# ---- for workers


def claim(database: Database, lane: Lane, worker: str, lease_s: float) -> Claim | None:
    """Take the best due job of the lane, or None. The fence is raised: who held the job before writes nothing more."""
    for _ in range(CLAIM_TRIES):
        with suppress(IntegrityError):  # another worker has just taken a job for the same recording: take the next
            return _claim_once(database, lane, worker, lease_s)
    return None


def _claim_once(database: Database, lane: Lane, worker: str, lease_s: float) -> Claim | None:
    with database.writing() as session:
        row = session.execute(_claiming(lane), {"by": worker, "lease_ms": int(lease_s * 1000)}).one_or_none()
        session.commit()
    if row is None:
        return None
    fields = {"attempts": row.attempts, "losses": row.losses, "stalls": row.stalls}
    spec = Spec.from_json(row.spec)
    return Claim(
        job_id=row.id,
        recording_id=row.recording_id,
        worker=worker,
        fence=row.fence,
        spec=spec,
        lease_s=lease_s,
        archive=row.archive,
        campaign_id=row.campaign_id,
        **fields,
    )


@cache  # to build it costs as much as to run it
def _claiming(lane: Lane) -> ReturningUpdate[*tuple[Any, ...]]:
    """The UPDATE that takes the best due job of the lane, ``by`` a worker, for ``lease_ms``."""
    taken = {
        "fence": Job.fence + 1,
        "worker": bindparam("by", type_=String),
        "lease_until_ms": now_ms() + bindparam("lease_ms", type_=BigInteger),
        "started_ms": case((Job.started_ms.is_(None), now_ms()), else_=Job.started_ms),
        "claimed_ms": now_ms(),
        "resumed_ms": Job.cut_ms - _waiting_ms() // func.coalesce(Job.channels, 1),
        **NOT_WAITING,
    }
    kept = (Job.id, Job.recording_id, Job.fence, Job.spec, Job.archive, Job.campaign_id)
    charged = (Job.attempts, Job.losses, Job.stalls)
    chosen = Job.id == next_due(lane).scalar_subquery()
    return moving(JobState.RUNNING, chosen, taken).returning(*kept, *charged)


def _waiting_ms() -> ColumnElement[int]:
    """The part of the job's cut that waits for its answer, over all channels."""
    pending = (Segment.job_id == Job.id, Segment.state == SegmentState.PENDING)
    total = select(func.coalesce(func.sum(Segment.end_ms - Segment.start_ms), 0)).where(*pending)
    return cast(total.correlate(Job).scalar_subquery(), BigInteger)


def renew(database: Database, claims: Iterable[Claim], lease_s: float) -> set[tuple[str, int]]:
    """Renew the leases of all claims in one statement; job and fence of those that are still held."""
    numbers = [(claim.job_id, claim.fence) for claim in claims]
    held = (Job.status == JobState.RUNNING, tuple_(Job.id, Job.fence).in_(numbers))
    renewal = change(Job).where(Job.id.in_(locked(held))).values(lease_until_ms=now_ms() + int(lease_s * 1000))
    with database.writing() as session:
        renewed = {(job_id, fence) for job_id, fence in session.execute(renewal.returning(Job.id, Job.fence))}
        session.commit()
    return renewed


def requeue(database: Database, claim: Claim, *, due_in_s: float, waiting: CodedError | None, charge: bool) -> None:
    """Give the job back until it is due again; ``waiting`` says what for, ``charge`` counts the attempt."""
    changes = {"due_ms": now_ms() + int(due_in_s * 1000), "attempts": Job.attempts + int(charge)}
    _leave(database, claim, JobState.QUEUED, {**changes, **(_stalled_by(waiting) if waiting else {})})


def release(database: Database, claim: Claim) -> None:
    """Give the job back as it is, for another worker to go on at once: this process is going down."""
    _leave(database, claim, JobState.QUEUED, {})


def _stalled_by(error: CodedError) -> dict[str, Any]:
    goes_on = Job.stall_code == error.code
    since = case((goes_on, Job.stall_since_ms), else_=now_ms())
    stalls = {"stall_code": error.code, "stall_since_ms": since, "stalls": case((goes_on, Job.stalls + 1), else_=1)}
    return {**waiting_for(error.code, message_of(error), since), **stalls}


def finish(database: Database, claim: Claim) -> str:
    """Let the job succeed with a new transcript; its id.

    It becomes the current one unless that is pinned, or a campaign made the job: then it waits for the promotion. A
    recording without a transcript gets it in any case. Raises UnexpectedError where the cut is not complete or a
    segment has neither answer nor gap.
    """
    with database.writing() as session:
        charged = {"attempts": Job.attempts + 1, "finished_ms": now_ms()}
        move_claimed(session, claim, JobState.SUCCEEDED, charged)
        job = session.get_one(Job, claim.job_id)
        _check_complete(session, job)
        transcript_id = add_transcript(session, job)
        stays = Recording.current_transcript_id.is_not(None) if job.campaign_id else Recording.pinned
        moved = case((stays, Recording.current_transcript_id), else_=transcript_id)
        own = change(Recording).where(Recording.id == claim.recording_id)
        session.execute(own.values(duration_ms=job.audio_ms, current_transcript_id=moved))
        session.commit()
    return transcript_id


def _check_complete(session: Session, job: Job) -> None:
    pending = and_(Segment.job_id == job.id, Segment.state == SegmentState.PENDING)
    if not job.cut_complete or session.scalar(select(Segment.id).where(pending).limit(1)) is not None:
        raise UnexpectedError(f"Job {job.id} was to be finished with audio that has neither answer nor gap.")


def fail(database: Database, claim: Claim, error: CodedError, stage: str) -> None:
    """End the job without a transcript; ``stage`` is where: fetch, decode, split, recognise or store."""
    charged = {"attempts": Job.attempts + 1, "finished_ms": now_ms()}
    _leave(database, claim, JobState.FAILED, {**charged, **NOT_WAITING, **ended_by(error, stage)})


def _leave(database: Database, claim: Claim, target: JobState, changes: dict[str, Any]) -> None:
    with database.writing() as session:
        move_claimed(session, claim, target, changes)
        session.commit()
