"""What one session of a stream was sent, and what of that is neither in a row nor settled with the budgets yet."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from realtime.protocol.errors import RealtimeError
from worker.claims.lease import Lease
from worker.errors import BudgetExhausted, Stopping
from worker.recognise.utterances import Meter
from worker.spending.reserver import Reserver
from worker.spending.slices import ReportedUsage
from worker.streams.utterance_rows import Charge

STEP_MS = 10_000  # what is reserved ahead of the budgets
CHARGE_MS = 60_000  # sent since the last count; then it is counted, though nobody has spoken


class SentAudio:
    """All in ms from the session's beginning. ``charge`` writes down what was sent and is in no utterance.

    Beside the stream there is what was sent to ask again for utterances that are doubted: ``doubts`` meters that.
    """

    def __init__(
        self, lease: Lease, reserver: Reserver, charge: Callable[[Charge], None], *, charge_ms: int = CHARGE_MS
    ) -> None:
        self.reservation = reserver.reservation(STEP_MS)
        self.reservation_for_doubts = reserver.reservation(0)
        self.doubts = Meter(lease, self.reservation_for_doubts)
        self._meter = Meter(lease, self.reservation)
        self._charge = charge
        self._charge_ms = charge_ms
        self._counted_ms = 0
        self._counted_doubts_ms = 0

    @property
    def ms(self) -> int:
        """How much of the stream was sent."""
        return self._meter.sent_ms

    def before_frame(self, audio_bytes: int) -> None:
        """Let a frame pass, and count from time to time; raises AttemptEnded, BudgetExhausted."""
        self._meter(audio_bytes)
        if self.ms - self._counted_ms > self._charge_ms:
            self._charge_rest()

    def up_to(self, end_ms: int, usage: Mapping[str, Any] | None = None) -> Charge:
        """What was sent up to an utterance's end, and to ask again, and is not counted yet; see `count_up_to`."""
        newly_ms = max(0, end_ms - self._counted_ms)
        return self._uncounted(newly_ms, ReportedUsage(usage, newly_ms))

    def count_up_to(self, end_ms: int) -> None:
        """The utterance's row is there, with its charge."""
        self._counted_ms = max(self._counted_ms, end_ms)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """What was sent is counted however the session ends, as long as the job is ours to write."""
        try:
            yield
        except (RealtimeError, Stopping, BudgetExhausted):
            self._charge_rest()
            raise
        self._charge_rest()

    @contextmanager
    def given_back(self) -> Iterator[None]:
        """In the end what was reserved and not sent is free again; where not all is counted the sweep settles it."""
        try:
            yield
        finally:
            if self.ms <= self._counted_ms and self.doubts.sent_ms <= self._counted_doubts_ms:
                with suppress(SQLAlchemyError):  # then that is the sweep's too
                    self.reservation.give_back()
                    self.reservation_for_doubts.give_back()

    def _charge_rest(self) -> None:
        charge = self._uncounted(max(0, self.ms - self._counted_ms))
        if charge.sent_ms:
            self._charge(charge)
            self.count_up_to(self.ms)

    def _uncounted(self, newly_ms: int, usage: ReportedUsage | None = None) -> Charge:
        doubted_ms = self.doubts.sent_ms - self._counted_doubts_ms
        self._counted_doubts_ms += doubted_ms

        def settle(session: Session) -> None:
            self.reservation.settle(session, newly_ms, usage, last=False)
            self.reservation_for_doubts.settle(session, doubted_ms, last=False)

        return Charge(newly_ms + doubted_ms, settle)
