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
from worker.claims.lease import Lease
from worker.database import Database
from worker.errors import AttemptEnded, JobCancelled, LeaseLost, Stopping
from worker.recognise.pool import Recogniser
from worker.recognise.utterances import SegmentOutcome, Utterance
from worker.results import answers, segments
from worker.results.segments import Settle, StoredSegment
from worker.retry import is_gap
from worker.spending.reserver import Reservation, Reserver
from worker.spending.slices import ReportedUsage
from worker.split.channels import channel_name
from worker.split.cutting import Cutting
from worker.split.track import Piece
from worker.states import SegmentState

log = structlog.get_logger(__name__)

LAST_FRAME_S = 1.0  # a thread that is sending hears by its next frame that it must not
LOOK_S = 0.2  # how often a job that waits for answers looks at its lease


@dataclass(frozen=True, kw_only=True)
class InFlight:
    """A segment on its way: where its audio is, and what it is, by which its answer can be found again."""

    segment: StoredSegment
    channel: str  # as answers name it
    pcm_sha256: str
    reservation: Reservation  # what is reserved for it of the budgets

    def settle(self, outcome: SegmentOutcome) -> Settle:
        """What the budgets are told when it has come back."""
        span = self.segment.span
        usage = ReportedUsage(outcome.answer.usage, span.end_ms - span.start_ms) if outcome.answer is not None else None
        return partial(self.reservation.settle, sent_ms=outcome.sent_ms, usage=usage)


class SegmentSender:
    """Takes pieces; after an error it leaves its block when what is on its way is stored too, since it is paid for."""

    def __init__(
        self, database: Database, lease: Lease, recogniser: Recogniser, *, digest: str, reserver: Reserver
    ) -> None:
        self.got_on = False  # whether an answer or a gap was stored
        self._database = database
        self._claim = lease.claim
        self._lease = lease
        self._recogniser = recogniser
        self._digest = digest
        self._reserver = reserver
        self._stored: dict[tuple[int, int], StoredSegment] = {}
        self._on_way: dict[Future[SegmentOutcome], InFlight] = {}

    def follow(self, stored: Iterable[StoredSegment]) -> None:
        """Know the segments that an earlier attempt has stored."""
        self._stored = {(segment.span.channel, segment.span.start_ms): segment for segment in stored}

    def take(self, piece: Piece, cutting: Cutting) -> None:
        """See to it that the piece gets its answer; returns as soon as the next one may come."""
        in_flight = self._in_flight(piece, cutting)
        if in_flight.segment.state is SegmentState.PENDING and not self._reuse(in_flight):
            while len(self._on_way) >= self._recogniser.share:
                self._land(LOOK_S)
            self._reserve(in_flight)
            utterance = Utterance(
                pcm=piece.audio.raw_data, spec=self._claim.spec, lease=self._lease, reservation=in_flight.reservation
            )
            self._on_way[self._recogniser.submit(utterance)] = in_flight
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
                self._give_back(self._on_way.pop(future).reservation)
        if isinstance(error, JobCancelled):
            self._charge_what_is_left()
        elif not isinstance(error, AttemptEnded) or isinstance(error, Stopping):
            self._save_what_was_sent()

    def _reserve(self, in_flight: InFlight) -> None:
        """Wait until the budgets have room: what is on its way may cost less than was reserved for it.

        Raises BudgetExhausted where they will have none.
        """
        span = in_flight.segment.span
        while not in_flight.reservation.try_cover(span.end_ms - span.start_ms):
            if not self._on_way:  # it is others' segments
                time.sleep(LOOK_S)
            self._land(LOOK_S)
            self._lease.got_on()

    def _give_back(self, reservation: Reservation) -> None:
        with suppress(SQLAlchemyError):  # what cannot be given back is the sweep's, when the claim is over
            reservation.give_back()

    def _in_flight(self, piece: Piece, cutting: Cutting) -> InFlight:
        segment = self._segment(piece, cutting)
        return InFlight(
            segment=segment,
            reservation=self._reserver.reservation(segment.span.end_ms - segment.span.start_ms),
            channel=channel_name(piece.span.channel, cutting.channels),
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

    def _reuse(self, in_flight: InFlight) -> bool:
        """Answer the segment with what was said before of this place, or of the very same audio."""
        key, span = self._claim.spec.recognition_key, in_flight.segment.span
        found = answers.look_up(
            self._database,
            recognition_key=key,
            digest=self._digest,
            channel=in_flight.channel,
            start_ms=span.start_ms,
            end_ms=span.end_ms,
        ) or answers.look_up_pcm(self._database, key, in_flight.pcm_sha256)
        if found is None:
            return False
        segments.reuse(self._database, self._claim, in_flight.segment.id, found.id)
        return True

    def _land(self, wait_s: float) -> None:
        """Store what has come back; raises what went wrong with it, and what the lease says."""
        self._lease.check()
        done, _ = wait(self._on_way, timeout=wait_s, return_when=FIRST_COMPLETED)
        for future in done:
            self._settle(self._on_way.pop(future), future.result())

    def _settle(self, in_flight: InFlight, outcome: SegmentOutcome) -> None:
        segment_id, error = in_flight.segment.id, outcome.error
        if outcome.answer is not None:
            answer = outcome.answer.to_store(
                self._claim.spec,
                digest=self._digest,
                channel=in_flight.channel,
                span=in_flight.segment.span,
                pcm_sha256=in_flight.pcm_sha256,
            )
            sent: dict[str, Any] = {"sent_ms": outcome.sent_ms, "settle": in_flight.settle(outcome)}
            segments.answered(self._database, self._claim, segment_id, answer, **sent)
        elif isinstance(error, CodedError) and is_gap(error):
            log.warning("the service refused a segment for good; it becomes a gap", code=error.code, segment=segment_id)
            segments.gap(
                self._database, self._claim, segment_id, error, outcome.sent_ms, settle=in_flight.settle(outcome)
            )
        else:
            self._charge(in_flight, outcome)
            return
        self.got_on = True
        self._lease.touch()

    def _charge(self, in_flight: InFlight, outcome: SegmentOutcome) -> None:
        if outcome.sent_ms and not isinstance(outcome.error, LeaseLost):
            ends = isinstance(outcome.error, AttemptEnded)
            charge = segments.charge_left if ends else segments.charge_sent
            settle = in_flight.settle(outcome)
            charge(self._database, self._claim, in_flight.segment.id, outcome.sent_ms, settle=settle)
        elif not outcome.sent_ms:
            self._give_back(in_flight.reservation)
        if outcome.error is not None:
            raise outcome.error

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
            future, in_flight = self._on_way.popitem()
            span = in_flight.segment.span
            known = {"settle": in_flight.settle(future.result())} if future.done() else {}  # else the sweep settles it
            sent_ms = future.result().sent_ms if future.done() else span.end_ms - span.start_ms
            with suppress(SQLAlchemyError):  # a count is no reason to stay
                segments.charge_left(self._database, self._claim, in_flight.segment.id, sent_ms, **known)

    def _save(self, in_flight: InFlight, outcome: SegmentOutcome) -> None:
        try:
            self._settle(in_flight, outcome)
        except (CodedError, Stopping) as error:  # the attempt is ending already, for a reason of its own
            log.debug("a segment did not get its answer while its job was ending", error=type(error).__name__)
