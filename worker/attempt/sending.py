"""A job's segments on their way: stored, looked up, sent, answered. Used by the job's own thread alone."""

import hashlib
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from realtime.protocol.errors import CodedError
from worker.claims.claim import Claim
from worker.claims.lease import Lease
from worker.database import Database
from worker.errors import AttemptEnded, JobCancelled, LeaseLost, Stopping
from worker.recognise.pool import Recogniser
from worker.recognise.utterances import Heard, Outcome, Utterance
from worker.results import answers, segments
from worker.results.answers import NewAnswer
from worker.results.segments import Settle, StoredSegment
from worker.retry import is_gap
from worker.spending.reservation import Held, Told
from worker.spending.reserver import Purse
from worker.split.cutting import Cutting, Piece
from worker.states import SegmentState

log = structlog.get_logger(__name__)

LAST_FRAME_S = 1.0  # a thread that is sending hears by its next frame that it must not
LOOK_S = 0.2  # how often a job that waits for answers looks at its lease


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a segment's audio is, and what it is: the two ways in which its answer can be found again."""

    segment: StoredSegment
    channel: str  # "mix", or the channel's number
    pcm_sha256: str
    held: Held  # what is reserved for it of the budgets

    def settle(self, outcome: Outcome) -> Settle:
        """What the budgets are told when it has come back."""
        span = self.segment.span
        told = Told(outcome.heard.usage, span.end_ms - span.start_ms) if outcome.heard is not None else None
        return partial(self.held.settle, sent_ms=outcome.sent_ms, told=told)


class Flow:
    """Takes pieces; after an error it leaves its block when what is on its way is stored too, since it is paid for."""

    def __init__(
        self, database: Database, claim: Claim, lease: Lease, recogniser: Recogniser, *, digest: str, purse: Purse
    ) -> None:
        self.got_on = False  # whether an answer or a gap was stored
        self._database = database
        self._claim = claim
        self._lease = lease
        self._recogniser = recogniser
        self._digest = digest
        self._purse = purse
        self._stored: dict[tuple[int, int], StoredSegment] = {}
        self._on_way: dict[Future[Outcome], Place] = {}

    def follow(self, stored: Iterable[StoredSegment]) -> None:
        """Know the segments that an earlier attempt has stored."""
        self._stored = {(segment.span.channel, segment.span.start_ms): segment for segment in stored}

    def take(self, piece: Piece, cutting: Cutting) -> None:
        """See to it that the piece gets its answer; returns as soon as the next one may come."""
        place = self._place(piece, cutting)
        if place.segment.state is SegmentState.PENDING and not self._reuse(place):
            while len(self._on_way) >= self._recogniser.share:
                self._land(LOOK_S)
            self._reserve(place)
            utterance = Utterance(pcm=piece.audio.raw_data, spec=self._claim.spec, lease=self._lease, held=place.held)
            self._on_way[self._recogniser.submit(utterance)] = place
        self._land(0)

    def drain(self) -> None:
        """Wait for the last answers."""
        while self._on_way:
            self._land(LOOK_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for future in list(self._on_way):
            if future.cancel():  # nobody has begun with it
                self._give_back(self._on_way.pop(future).held)
        if isinstance(error, JobCancelled):
            self._charge_what_is_left()
        elif not isinstance(error, AttemptEnded) or isinstance(error, Stopping):
            self._save_what_was_sent()

    def _reserve(self, place: Place) -> None:
        """Wait until the budgets have room: what is on its way may cost less than was reserved for it.

        Raises BudgetExhausted where they will have none.
        """
        span = place.segment.span
        while not place.held.try_cover(span.end_ms - span.start_ms):
            if not self._on_way:  # it is others' segments
                time.sleep(LOOK_S)
            self._land(LOOK_S)
            self._lease.got_on()

    def _give_back(self, held: Held) -> None:
        with suppress(SQLAlchemyError):  # what cannot be given back is the sweep's, when the claim is over
            held.give_back()

    def _place(self, piece: Piece, cutting: Cutting) -> Place:
        segment = self._segment(piece, cutting)
        return Place(
            segment=segment,
            held=self._purse.hold(segment.span.end_ms - segment.span.start_ms),
            channel=str(piece.span.channel) if cutting.channels > 1 else "mix",
            pcm_sha256=hashlib.sha256(piece.audio.raw_data).hexdigest(),
        )

    def _segment(self, piece: Piece, cutting: Cutting) -> StoredSegment:
        """The piece's row, which is there before any of its audio is sent."""
        if piece.stored:
            return self._stored[piece.span.channel, piece.span.start_ms]
        [segment] = segments.store_spans(
            self._database, self._claim, [piece.span], channels=cutting.channels, cut_ms=cutting.cut_ms
        )
        return segment

    def _reuse(self, place: Place) -> bool:
        """Answer the segment with what was said before of this place, or of the very same audio."""
        key, span = self._claim.spec.recognition_key, place.segment.span
        found = answers.look_up(
            self._database,
            recognition_key=key,
            digest=self._digest,
            channel=place.channel,
            start_ms=span.start_ms,
            end_ms=span.end_ms,
        ) or answers.look_up_pcm(self._database, key, place.pcm_sha256)
        if found is None:
            return False
        segments.reuse(self._database, self._claim, place.segment.id, found.id)
        return True

    def _land(self, wait_s: float) -> None:
        """Store what has come back; raises what went wrong with it, and what the lease says."""
        self._lease.check()
        done, _ = wait(self._on_way, timeout=wait_s, return_when=FIRST_COMPLETED)
        for future in done:
            self._settle(self._on_way.pop(future), future.result())

    def _settle(self, place: Place, outcome: Outcome) -> None:
        segment_id, error = place.segment.id, outcome.error
        if outcome.heard is not None:
            answer = self._answer(place, outcome.heard)
            sent: dict[str, Any] = {"sent_ms": outcome.sent_ms, "settle": place.settle(outcome)}
            segments.answered(self._database, self._claim, segment_id, answer, **sent)
        elif isinstance(error, CodedError) and is_gap(error):
            log.warning("the service refused a segment for good; it becomes a gap", code=error.code, segment=segment_id)
            segments.gap(self._database, self._claim, segment_id, error, outcome.sent_ms, settle=place.settle(outcome))
        else:
            self._charge(place, outcome)
            return
        self.got_on = True
        self._lease.touch()

    def _charge(self, place: Place, outcome: Outcome) -> None:
        if outcome.sent_ms and not isinstance(outcome.error, LeaseLost):
            ends = isinstance(outcome.error, AttemptEnded)
            charge = segments.charge_left if ends else segments.charge_sent
            settle = place.settle(outcome)
            charge(self._database, self._claim, place.segment.id, outcome.sent_ms, settle=settle)
        elif not outcome.sent_ms:
            self._give_back(place.held)
        if outcome.error is not None:
            raise outcome.error

    def _answer(self, place: Place, heard: Heard) -> NewAnswer:
        span = place.segment.span
        return NewAnswer(
            recognition_key=self._claim.spec.recognition_key,
            digest=self._digest,
            channel=place.channel,
            start_ms=span.start_ms,
            end_ms=span.end_ms,
            pcm_sha256=place.pcm_sha256,
            text=heard.text,
            language=heard.language,
            emotion=heard.emotion,
            model=heard.model,
            usage=heard.usage,
            flags=heard.flags,
        )

    def _save_what_was_sent(self) -> None:
        while self._on_way:
            self._check_frame()
            done, _ = wait(self._on_way, timeout=LOOK_S, return_when=FIRST_COMPLETED)
            for future in done:
                self._save(self._on_way.pop(future), future.result())

    def _check_frame(self) -> None:
        try:
            self._lease.check_frame()
        except (Stopping, JobCancelled):
            self._charge_what_is_left()
            raise

    def _charge_what_is_left(self) -> None:
        """Nothing more is sent: what was sent of these is lost. One that hangs was sent whole, for all we know."""
        wait(self._on_way, timeout=LAST_FRAME_S)
        while self._on_way:
            future, place = self._on_way.popitem()
            span = place.segment.span
            known = {"settle": place.settle(future.result())} if future.done() else {}  # else the sweep settles it
            sent_ms = future.result().sent_ms if future.done() else span.end_ms - span.start_ms
            with suppress(SQLAlchemyError):  # a count is no reason to stay
                segments.charge_left(self._database, self._claim, place.segment.id, sent_ms, **known)

    def _save(self, place: Place, outcome: Outcome) -> None:
        try:
            self._settle(place, outcome)
        except (CodedError, Stopping) as error:  # the attempt is ending already, for a reason of its own
            log.debug("a segment did not get its answer while its job was ending", error=type(error).__name__)
