"""The service that is probed: sessions with it, and segments said to it on the budget."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from realtime.client.connection import Session
from realtime.client.options import SessionOptions
from realtime.client.session import Pending
from realtime.protocol.conversation.outcomes import Result
from realtime.protocol.errors import ConnectionLost, RealtimeError, ServiceFault, ServiceLimited
from worker.probing.budget import Budget
from worker.probing.plan import Plan
from worker.probing.speech import speech
from worker.recognise.sessions import SessionKey
from worker.recognise.transport import session_options
from worker.services.catalogue import Service
from worker.spec import SAMPLE_RATE

# What an open can meet because of the trial before it, or by chance: it says nothing about the question.
PASSING = (ServiceLimited, ServiceFault, ConnectionLost)


@dataclass(frozen=True)
class Said:
    """The answer to a segment, ``took_s`` after its first frame."""

    result: Result
    took_s: float


class Subject:
    """A service under trial. ``say`` may be called by several threads, each with a session of its own."""

    def __init__(self, service: Service, plan: Plan, budget: Budget) -> None:
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

    def say(self, session: Session, pcm: bytes) -> Said:
        """Send a segment and wait for its answer; raises RealtimeError, BudgetSpent."""
        self._budget.set_aside(len(pcm))
        begun = time.monotonic()
        result = session.transcribe(pcm, on_frame=self._budget.count)
        return Said(result, time.monotonic() - begun)

    def submit(self, session: Session, pcm: bytes) -> Pending:
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
