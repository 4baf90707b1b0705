"""Utterances of a stream: stored with their answers, since only these tell where they are. Each write quotes the fence.

As in `worker.results.segments`, each function is one small transaction that raises LeaseLost where the claim does not
hold.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from realtime.protocol.errors import CodedError
from worker.claims.claim import PROGRESS, Claim
from worker.database import Database
from worker.hints import message_of
from worker.models import Job, Segment
from worker.results.answers import NewAnswer, add_answer
from worker.results.segments import Settle, nothing, writing
from worker.split.spans import Span
from worker.states import SegmentState


@dataclass(frozen=True, kw_only=True)
class StreamProgress:
    """How far a stream is: over how many channels, and in ms of each, as if they were streamed side by side."""

    channels: int
    cut_ms: int


@dataclass(frozen=True)
class Charge:
    """What was sent and is not counted yet, and what budgets have to be told of it in the same transaction."""

    sent_ms: int
    settle: Settle = nothing


def store_answer(
    database: Database, claim: Claim, span: Span, answer: NewAnswer, *, charge: Charge, progress: StreamProgress
) -> None:
    """An utterance and its answer; the charge is for what was sent since the one before, the silence included."""
    with writing(database, claim, **PROGRESS, **vars(progress)) as session:
        charge.settle(session)
        answered = {"answer_id": add_answer(session, answer), "flags": list(answer.flags)}
        _add(session, claim, span, charge.sent_ms, state=SegmentState.ANSWERED, **answered)


def store_gap(
    database: Database, claim: Claim, span: Span, error: CodedError, *, charge: Charge, progress: StreamProgress
) -> None:
    """An utterance that the service refused for good."""
    with writing(database, claim, **PROGRESS, **vars(progress)) as session:
        charge.settle(session)
        reason = {"gap_code": error.code, "gap_message": message_of(error)}
        _add(session, claim, span, charge.sent_ms, state=SegmentState.GAP, **reason)


def charge_outside(database: Database, claim: Claim, charge: Charge) -> None:
    """Count audio that was sent and is in no utterance: silence, and what a broken session has swallowed."""
    with writing(database, claim, sent_outside_ms=Job.sent_outside_ms + charge.sent_ms) as session:
        charge.settle(session)


def reach(database: Database, claim: Claim, *, progress: StreamProgress) -> None:
    """A part of a channel was heard by a service that had nothing to say of it."""
    with writing(database, claim, **PROGRESS, **vars(progress)):
        pass


def end_channel(database: Database, claim: Claim, *, audio_ms: int, progress: StreamProgress) -> None:
    """A channel was streamed to the recording's end, so its length is known."""
    with writing(database, claim, audio_ms=audio_ms, **vars(progress)):
        pass


def _add(session: Session, claim: Claim, span: Span, sent_ms: int, **values: Any) -> None:  # noqa: ANN401  # columns differ
    place = {"channel": span.channel, "start_ms": span.start_ms, "end_ms": span.end_ms}
    row = {"job_id": claim.job_id, "fence": claim.fence, "sent_ms": sent_ms, **place, **values}
    session.execute(insert(Segment).values(row))
