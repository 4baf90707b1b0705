"""A job's segments: stored as they are cut, answered one by one. Each write quotes the claim's fence.

Each function is one small transaction that begins by locking the job's row under its fence, and raises LeaseLost
where the claim does not hold any more: then nothing was written. ``settle`` is what budgets have to be told in it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from realtime.protocol.errors import CodedError
from worker.claims.claim import PROGRESS, Claim, touch
from worker.database import Database, change, upsert_in
from worker.errors import UnexpectedError
from worker.hints import message_of
from worker.models import Job, Segment
from worker.results.answers import NewAnswer, add_answer, is_answered
from worker.split.spans import Span
from worker.statements import bindings, bound, execute
from worker.states import SegmentState

Settle = Callable[[Session], None]


def nothing(_session: Session) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class StoredSegment:
    """A segment as a worker needs it: its row's number, its place, and how far it is."""

    id: int
    span: Span
    state: SegmentState


def store_spans(
    database: Database, claim: Claim, spans: Iterable[Span], *, channels: int, cut_ms: int
) -> list[StoredSegment]:
    """Store spans before their audio is sent, and how far the cut has come; the segments in the order of the spans.

    A span that is there already, with the same channel and start, is left as it is.
    """
    with writing(database, claim, channels=channels, cut_ms=cut_ms) as session:
        return [_store(session, claim, span) for span in spans]


def _store(session: Session, claim: Claim, span: Span) -> StoredSegment:
    place = {"channel": span.channel, "start_ms": span.start_ms}
    values = {**place, "end_ms": span.end_ms, "job_id": claim.job_id, "fence": claim.fence}
    adding = _adding(session.get_bind().dialect.name)
    added: int | None = execute(session, adding, bindings(values)).scalar()
    if added is not None:
        return StoredSegment(id=added, span=span, state=SegmentState.PENDING)
    return _as_stored(session.scalars(select(Segment).filter_by(job_id=claim.job_id, **place)).one())


@cache
def _adding(dialect: str) -> ReturningInsert[int]:
    """The INSERT of a pending segment, of which none comes back where its place is taken."""
    columns = bound(Segment, ("channel", "start_ms", "end_ms", "job_id", "fence"))
    adding = upsert_in(dialect, Segment).values(state=SegmentState.PENDING, **columns)
    return adding.on_conflict_do_nothing(index_elements=["job_id", "channel", "start_ms"]).returning(Segment.id)


def complete_cut(database: Database, claim: Claim, audio_ms: int) -> None:
    """Note that the recording was cut to its end, and how long it is."""
    with writing(database, claim, cut_complete=True, cut_ms=audio_ms, audio_ms=audio_ms):
        pass


def stored_segments(database: Database, claim: Claim) -> list[StoredSegment]:
    """The job's segments in order of start, then channel: what a later attempt follows."""
    in_order = select(Segment).where(Segment.job_id == claim.job_id).order_by(Segment.start_ms, Segment.channel)
    with database.reading() as session:
        return [_as_stored(segment) for segment in session.scalars(in_order)]


def answered(
    database: Database,
    claim: Claim,
    segment_id: int,
    answer: NewAnswer,
    *,
    sent_ms: int,
    settle: Settle = nothing,
) -> int:
    """Store an answer and charge what was sent for it; the answer's id."""
    with writing(database, claim, **PROGRESS) as session:
        settle(session)
        raced = is_answered(session, answer)
        answer_id = add_answer(session, answer)
        changes = {"state": SegmentState.ANSWERED, "answer_id": answer_id, "flags": list(answer.flags), "raced": raced}
        _settle(session, claim, segment_id, changes, sent_ms)
    return answer_id


def reuse(database: Database, claim: Claim, segment_id: int, answer_id: int) -> None:
    """Answer a segment with what was said before: nothing was sent for it."""
    with writing(database, claim) as session:
        changes = {"state": SegmentState.ANSWERED, "answer_id": answer_id, "reused": True}
        _settle(session, claim, segment_id, changes, 0)


def gap(
    database: Database, claim: Claim, segment_id: int, error: CodedError, sent_ms: int, *, settle: Settle = nothing
) -> None:
    """Report a segment that the service refused for good, and charge what was sent for it."""
    with writing(database, claim, **PROGRESS) as session:
        settle(session)
        changes = {"state": SegmentState.GAP, "gap_code": error.code, "gap_message": message_of(error)}
        _settle(session, claim, segment_id, changes, sent_ms)


def charge_sent(database: Database, claim: Claim, segment_id: int, sent_ms: int, *, settle: Settle = nothing) -> None:
    """Count audio that was sent for a segment and brought no answer."""
    with writing(database, claim) as session:
        settle(session)
        _settle(session, claim, segment_id, {}, sent_ms)


def charge_left(database: Database, claim: Claim, segment_id: int, sent_ms: int, *, settle: Settle = nothing) -> None:
    """The same for a job that was cancelled, or that this process gives up; nothing where somebody has claimed it."""
    mine = select(Job.id).where(Job.id == claim.job_id, Job.fence == claim.fence).with_for_update(key_share=True)
    pending = (Segment.id == segment_id, Segment.state == SegmentState.PENDING)
    with database.writing() as session:
        if session.scalar(mine) is not None:
            settle(session)
            session.execute(change(Segment).where(*pending).values(sent_ms=Segment.sent_ms + sent_ms))
            session.commit()


@contextmanager
def writing(database: Database, claim: Claim, **changes: Any) -> Iterator[Session]:  # noqa: ANN401  # columns differ
    """A transaction under the claim's fence, which also changes these columns of the job; commits at its end."""
    with database.writing() as session:
        touch(session, claim, **changes)
        yield session
        session.commit()


def _settle(session: Session, claim: Claim, segment_id: int, changes: dict[str, Any], sent_ms: int) -> None:
    """Change a segment that is pending; anything else is a defect, since one claim works on a segment once."""
    its = {"segment": segment_id, "job": claim.job_id, "more_ms": sent_ms}
    values = {**changes, "fence": claim.fence}
    if execute(session, _settling(tuple(values)), {**its, **bindings(values)}).first() is None:
        raise UnexpectedError(f"Segment {segment_id} of job {claim.job_id} is not waiting for an answer.")


@cache  # as of the job's row: to build it costs more than to run it
def _settling(names: tuple[str, ...]) -> ReturningUpdate[int]:
    """The UPDATE of these columns of a pending segment, which also charges ``more_ms``."""
    of_job = (Segment.id == bindparam("segment"), Segment.job_id == bindparam("job"))
    sent_ms = Segment.sent_ms + bindparam("more_ms", type_=BigInteger)
    pending = change(Segment).where(*of_job, Segment.state == SegmentState.PENDING)
    return pending.values(sent_ms=sent_ms, **bound(Segment, names)).returning(Segment.id)


def _as_stored(segment: Segment) -> StoredSegment:
    span = Span(channel=segment.channel, start_ms=segment.start_ms, end_ms=segment.end_ms)
    return StoredSegment(id=segment.id, span=span, state=SegmentState(segment.state))
