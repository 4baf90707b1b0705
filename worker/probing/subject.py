"""The service that is probed: how much is sent to it and how fast, sessions with it, and segments said to it."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from realtime.client.options import Deadlines, SessionOptions
from realtime.client.session import PendingSegment, Session
from realtime.protocol.conversation.outcomes import Result
from realtime.protocol.errors import ConnectionLost, RealtimeError, ServiceFault, ServiceLimited
from worker.probing.findings import paces_to_try
from worker.probing.speech import BYTES_PER_S, speech
from worker.recognise.sessions import SessionKey
from worker.recognise.transport import session_options
from worker.services.catalogue import Service
from worker.spec import SAMPLE_RATE

# What an open can meet because of the trial before it, or by chance: it says nothing about the question.
PASSING = (ServiceLimited, ServiceFault, ConnectionLost)


@dataclass(frozen=True, kw_only=True)
class ProbePlan:
    """Seconds end in ``_s``; paces are multiples of real time.

    ``short_s`` is a little over a whole frame, so that the last frame is short and a commit follows at once on what
    came before. ``gentle_pace`` is used where pace is not what is asked about. ``sessions`` are opened with pauses of
    ``between_sessions_s``, below the documented twenty a second.
    """

    budget_s: float = 120.0
    segment_s: float = 2.0
    short_s: float = 1.05
    pace_s: float = 8.0
    gentle_pace: float = 1.0
    paces: tuple[float, ...] = paces_to_try(1.0)
    commits: int = 3
    depth: int = 2
    idle_s: float = 60.0
    sessions: int = 16
    between_sessions_s: float = 0.1
    tries: int = 3
    pause_s: float = 1.0
    longest_pause_s: float = 30.0
    # A service that never says that a session has finished must not hold each of them for long.
    deadlines: Deadlines = field(default_factory=lambda: Deadlines(finish_s=5.0))


class BudgetSpent(Exception):
    """Less is left than the segment needs: nothing of it was sent."""


class AudioBudget:
    """Set aside a segment, then send it: what is set aside and not sent is not given back. For any thread."""

    def __init__(self, limit_s: float) -> None:
        self._left_bytes = int(limit_s * BYTES_PER_S)
        self._sent_bytes = 0
        self._lock = threading.Lock()

    @property
    def sent_s(self) -> float:
        """Seconds of audio that were sent."""
        return self._sent_bytes / BYTES_PER_S

    def set_aside(self, n_bytes: int) -> None:
        """Take this from what is left; raises BudgetSpent."""
        with self._lock:
            if n_bytes > self._left_bytes:
                raise BudgetSpent
            self._left_bytes -= n_bytes

    def count(self, n_bytes: int) -> None:
        """These bytes are being sent."""
        with self._lock:
            self._sent_bytes += n_bytes


@dataclass(frozen=True)
class TimedResult:
    """The answer to a segment, ``took_s`` after its first frame."""

    result: Result
    took_s: float


class Subject:
    """A service under trial. ``say`` may be called by several threads, each with a session of its own."""

    def __init__(self, service: Service, plan: ProbePlan, budget: AudioBudget) -> None:
        self.plan = plan
        self._service = service
        self._budget = budget
        self._seed = 0

    @contextlib.contextmanager
    def session(
        self, *, pace: float | None = None, depth: int = 1, context: str = "", patient: bool = True
    ) -> Iterator[Session]:
        """A session for the block, finished afterwards. Raises RealtimeError where it cannot be opened.

        ``patient``: wait and try again where the service only asks for patience.
        """
        options = self._options(self.plan.gentle_pace if pace is None else pace, depth, context)
        session = self._open(options, self.plan.tries if patient else 1)
        try:
            yield session
        except BaseException:
            session.abort()
            raise
        with contextlib.suppress(RealtimeError):  # how it ends is not what was asked
            session.finish()
        session.close()

    def short(self) -> bytes:
        """A segment that is just long enough."""
        return self.speech(self.plan.short_s)

    def speech(self, seconds: float) -> bytes:
        """So much speech, each time another."""
        self._seed += 1  # the same sound twice could be answered from a cache
        return speech(seconds, self._seed)

    def say(self, session: Session, pcm: bytes) -> TimedResult:
        """Send a segment and wait for its answer; raises RealtimeError, BudgetSpent."""
        self._budget.set_aside(len(pcm))
        begun = time.monotonic()
        result = session.transcribe(pcm, on_frame=self._budget.count)
        return TimedResult(result, time.monotonic() - begun)

    def submit(self, session: Session, pcm: bytes) -> PendingSegment:
        """Send a segment as soon as the session's depth allows; raises RealtimeError, BudgetSpent."""
        self._budget.set_aside(len(pcm))
        return session.submit(pcm, on_frame=self._budget.count)

    def _options(self, pace: float, depth: int, context: str) -> SessionOptions:
        key = SessionKey(model=self._service.model, language=None, context=context, sample_rate=SAMPLE_RATE)
        options = session_options(self._service, key)
        return replace(options, pace=pace, depth=depth, deadlines=self.plan.deadlines)

    def _open(self, options: SessionOptions, tries: int) -> Session:
        for _ in range(tries - 1):
            try:
                return Session.open(options)
            except PASSING as error:
                time.sleep(min(error.retry_after_s or self.plan.pause_s, self.plan.longest_pause_s))
        return Session.open(options)
