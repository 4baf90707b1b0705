"""What goes into a recogniser and what comes out of it."""

from dataclasses import dataclass
from typing import Any

from worker.claims.lease import Lease
from worker.results.answers import NewAnswer
from worker.spec import SAMPLE_RATE, Spec
from worker.spending.reserver import Reservation
from worker.split.spans import Span

BYTES_PER_MS = SAMPLE_RATE // 1000 * 2
LONGEST_MS = 60_000  # the protocol's limit of a commit


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """One segment to be recognised: 16 kHz s16le mono, under what spec, and what guards each frame.

    That is the lease, and the ``reservation`` of the budgets for it.
    """

    pcm: bytes
    spec: Spec
    lease: Lease
    reservation: Reservation


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """What the service said; ``model`` is the one that answered."""

    text: str
    language: str | None
    emotion: str | None
    model: str
    usage: Any  # JSON of any shape: it is not documented
    flags: tuple[str, ...] = ()  # see `worker.recognise.sanity`; they stayed when it was asked again

    def to_store(self, spec: Spec, *, digest: str, channel: str, span: Span, pcm_sha256: str) -> NewAnswer:
        """With what it is found again by: of which recording, channel and span it is, or of which audio."""
        return NewAnswer(
            recognition_key=spec.recognition_key,
            digest=digest,
            channel=channel,
            start_ms=span.start_ms,
            end_ms=span.end_ms,
            pcm_sha256=pcm_sha256,
            text=self.text,
            language=self.language,
            emotion=self.emotion,
            model=self.model,
            usage=self.usage,
            flags=self.flags,
        )


@dataclass(frozen=True, kw_only=True)
class SegmentOutcome:
    """Either an answer or an error, and in both cases how much audio was sent for it, all tries together."""

    sent_ms: int
    answer: Recognition | None = None
    error: Exception | None = None


class Meter:
    """Called before each frame, whatever sends it: one that the lease or a budget does not allow does not pass.

    The others are counted.
    """

    def __init__(self, lease: Lease, reservation: Reservation) -> None:
        self._lease = lease
        self._reservation = reservation
        self._sent_bytes = 0

    def __call__(self, audio_bytes: int) -> None:
        self.reserve(audio_bytes)
        self._sent_bytes += audio_bytes

    def reserve(self, audio_bytes: int) -> None:
        """See to it that so much more may be sent; raises AttemptEnded, BudgetExhausted."""
        self._lease.got_on_sending()
        self._reservation.cover(-(-(self._sent_bytes + audio_bytes) // BYTES_PER_MS))

    @property
    def sent_ms(self) -> int:
        """Whole milliseconds that were let pass, rounded up."""
        return -(-self._sent_bytes // BYTES_PER_MS)
