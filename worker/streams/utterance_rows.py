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
from worker.recognise.utterances import Recognition
from worker.results.answers import NewAnswer, add_answer
from worker.results.segments import Settle, nothing, writing
from worker.split.channels import channel_name
from worker.split.spans import Span
from worker.states import SegmentState
from worker.streams.turns import Turn


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


NO_PCM = ""  # what an answer of a stream has for a digest: the service, not we, knows which samples it took


@dataclass(kw_only=True)
class ChannelRows:
    """One of ``channels`` that are streamed one after the other; ``audio_ms`` is 0 until the first came to its end."""

    database: Database
    claim: Claim
    digest: str  # the recording's
    channel: int
    channels: int
    audio_ms: int
    got_on: bool = False  # whether an utterance was stored, or a stretch heard in which there was none

    def answer(self, turn: Turn, answer: Recognition, charge: Charge) -> None:
        """Store an utterance with what was understood."""
        stored = answer.to_store(
            self.claim.spec,
            digest=self.digest,
            channel=channel_name(self.channel, self.channels),
            span=self._span(turn),
            pcm_sha256=NO_PCM,
        )
        progress = self._progress(turn.end_ms)
        store_answer(self.database, self.claim, self._span(turn), stored, charge=charge, progress=progress)
        self.got_on = True

    def gap(self, turn: Turn, error: CodedError, charge: Charge) -> None:
        """Store an utterance that was refused for good."""
        progress = self._progress(turn.end_ms)
        store_gap(self.database, self.claim, self._span(turn), error, charge=charge, progress=progress)
        self.got_on = True

    def charge(self, charge: Charge) -> None:
        """Count what was sent and is in no utterance."""
        charge_outside(self.database, self.claim, charge)

    def reach(self, position_ms: int) -> None:
        """The channel was heard up to here, though nothing was said."""
        reach(self.database, self.claim, progress=self._progress(position_ms))
        self.got_on = True

    def end(self, audio_ms: int) -> None:
        """The channel was streamed to the recording's end."""
        self.audio_ms = audio_ms
        end_channel(self.database, self.claim, audio_ms=audio_ms, progress=self._progress(audio_ms))

    def _progress(self, position_ms: int) -> StreamProgress:
        """Rounded up, so that the channels that are done can be told from it."""
        streamed_ms = self.channel * self.audio_ms + position_ms
        return StreamProgress(channels=self.channels, cut_ms=-(-streamed_ms // self.channels))

    def _span(self, turn: Turn) -> Span:
        return Span(self.channel, turn.start_ms, turn.end_ms)
