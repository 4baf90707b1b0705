"""What the two threads of a session share: its conversation, its clocks, and the thread that reads.

All of it is under one condition. Whoever waits, waits on it until an event comes or a deadline passes, so that no peer
can hold a caller for longer than ``Deadlines`` says.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from realtime.client.connection import Connection
from realtime.client.options import SessionOptions
from realtime.protocol.conversation.client_side import ClientConversation
from realtime.protocol.conversation.outcomes import Answered, AtWork, Outcome, Preview, Refused
from realtime.protocol.errors import ConnectionLost, RealtimeError, ServiceFault, ServiceTimeout
from realtime.protocol.events import ClientEvent, MalformedEvent, decode_server, encode


@dataclass
class _Wait:
    """The clock of a segment that is unanswered."""

    since: float
    audio_s: float
    heard_at: float | None = None


class Exchange:
    """Drives a conversation over a connection. What it raises is a RealtimeError."""

    def __init__(self, options: SessionOptions, connection: Connection) -> None:
        self.conversation = ClientConversation(options.config(), model=options.model, secret=options.key or "")
        self._deadlines = options.deadlines
        self._connection = connection
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="realtime-reader", daemon=True)
        self.signs = 0  # how often the service has spoken of a segment
        self._connected = False
        self._event_at = 0.0
        self._finish_at: float | None = None
        self._turn_at: float | None = None  # when the turn of the oldest open utterance came
        self._waits: dict[int, _Wait] = {}
        self._previews: dict[int, Preview] = {}
        self._ends: dict[int, Answered | Refused] = {}

    @property
    def alive(self) -> bool:
        """True while the session takes audio."""
        return self._connected and not self.conversation.ended and not self.conversation.finishing

    def connect(self) -> None:
        """Connect, send the options and wait until they are taken."""
        # The reader connects, too: a name's look-up or a trickling handshake then cannot hold the caller.
        self._reader.start()
        self._wait_until(lambda: self._connected, self._deadlines.connect_s, "complete the handshake")
        self.say(lambda conversation: conversation.update())
        self._wait_until(lambda: self.conversation.ready, self._deadlines.update_s, "take the session's options")

    # Sending.

    def say(self, make: Callable[[ClientConversation], ClientEvent]) -> None:
        """Send the event that ``make`` gets from the conversation."""
        with self._changed:
            event = make(self.conversation)
        self._send(event)

    def commit(self, audio_s: float) -> int:
        """Commit the segment whose audio was sent; its number."""
        with self._changed:
            event, number = self.conversation.commit()
            self._waits[number] = _Wait(time.monotonic(), audio_s)
        self._send(event)
        return number

    def finish(self) -> None:
        """Ask for the end; see ``wait_for_news`` for what comes until then."""
        with self._changed:
            event = self.conversation.finish()
            self._finish_at = time.monotonic()
        self._send(event)

    def _send(self, event: ClientEvent) -> None:
        try:
            self._connection.send(encode(event))
        except RealtimeError as error:
            self._prefer_reason(error)

    def _prefer_reason(self, error: RealtimeError) -> None:
        """A service that closes on us has often said why: the reader may not have come to that event yet."""
        with self._changed:
            self._changed.wait_for(lambda: self.conversation.ended, self._deadlines.close_s)
        self.lose(error)
        raise self.conversation.error or error

    # Waiting.

    def wait_for_time(self, when: float) -> None:
        """Until ``when`` on the monotonic clock, or the session's end."""
        with self._changed:
            while not self.conversation.ended and time.monotonic() < when:
                self._wait(when)
            self._check_deadlines()

    def wait_for_room(self, depth: int) -> None:
        """Until fewer than ``depth`` segments are unanswered, or the session's end."""
        with self._changed:
            while len(self._waits) >= depth and not self.conversation.ended:
                self._wait()

    def wait_for_end(self) -> None:
        """Until the session that was asked to finish has."""
        with self._changed:
            while not self.conversation.ended:
                self._wait()

    def wait_for_news(self, for_s: float) -> list[Answered | Refused]:
        """The segments that ended since the last call: none where ``for_s`` pass, or the session ends, without one."""
        until = time.monotonic() + for_s
        with self._changed:
            while not self._ends and not self.conversation.ended and time.monotonic() < until:
                self._wait(until)
            return self.take_ends()

    def take_ends(self) -> list[Answered | Refused]:
        """The segments that ended since the last call."""
        with self._changed:
            ends = list(self._ends.values())
            self._ends.clear()
            return ends

    def news_of(self, number: int) -> Preview | Answered | Refused:
        """The next that is to say of this segment; only the newest of its previews."""
        with self._changed:
            while number not in self._ends and number not in self._previews:
                self._wait()
            return self._previews.pop(number, None) or self._ends.pop(number)

    def _wait_until(self, happened: Callable[[], bool], limit_s: float, what: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: happened() or self.conversation.ended, limit_s)
            if self.conversation.error is not None:
                raise self.conversation.error
            if not happened():
                raise ServiceTimeout(f"The service did not {what} in {limit_s:g} s.")

    def _wait(self, until: float = float("inf")) -> None:
        """Until something changes, or ``until``; ends the session where a deadline has passed."""
        left_s = min(until, self._due()) - time.monotonic()
        self._changed.wait(max(0.0, min(left_s, threading.TIMEOUT_MAX)))
        self._check_deadlines()

    def _check_deadlines(self) -> None:
        if not self.conversation.ended and time.monotonic() >= self._due():
            self._record(self.conversation.lost(ServiceTimeout()))
            self._connection.cut()

    def _due(self) -> float:
        dues = [self._deadlines.segment_due(w.since, w.heard_at, w.audio_s) for w in list(self._waits.values())[:1]]
        if self._finish_at is not None:
            lags = not self.conversation.manual
            dues.append(self._deadlines.finish_due(self._finish_at, self._event_at, self._unanswered_s(), lags=lags))
        elif self._turn_at is not None:
            whole_s = self._deadlines.whole_segment_s(self._unanswered_s())
            dues.append(min(self._event_at + self._deadlines.quiet_s, self._turn_at + whole_s))
        return min(dues, default=float("inf"))

    def _unanswered_s(self) -> float:
        if self.conversation.manual:
            return sum(wait.audio_s for wait in self._waits.values())
        return self.conversation.unanswered_ms / 1000

    # The end.

    def lose(self, error: RealtimeError) -> None:
        """The session is over for this reason, unless it is already over for another."""
        with self._changed:
            self._record(self.conversation.lost(error))

    def close(self) -> None:
        """End the connection politely, without waiting for answers. Does nothing where it is gone."""
        self.lose(ConnectionLost("The session was closed."))
        if self._connected:
            self._connection.say_goodbye()
            self._join()
        self._connection.cut()
        self._join()

    def abort(self) -> None:
        """End the connection at once: what the system has not yet sent of our audio is dropped."""
        self.lose(ConnectionLost("The session was closed."))
        self._connection.cut(drop_unsent=True)
        self._join()

    def _join(self) -> None:
        # One that is still connecting is left to itself: the system's look-up of a name cannot be interrupted.
        if self._connected:
            self._reader.join(self._deadlines.close_s)

    # The reader's thread.

    def _read(self) -> None:
        try:
            self._connection.open()
            self._mark_connected()
            while not self.conversation.ended:
                self._receive()
            self._drain()
        except RealtimeError as error:
            self.lose(error)
        finally:
            self.lose(ConnectionLost())  # a defect of ours must not leave a caller waiting
            self._connection.release()

    def _mark_connected(self) -> None:
        with self._changed:
            self._connected = True
            self._changed.notify_all()

    def _receive(self) -> None:
        frame = self._connection.receive()
        if frame is None:
            return
        try:
            event = decode_server(frame)
        except MalformedEvent as error:
            raise ServiceFault(f"The service sent what is no event: {error.message}") from None
        with self._changed:
            self._event_at = time.monotonic()
            self._record(self.conversation.receive(event))

    def _drain(self) -> None:
        """Read on for a moment until the peer has closed, too: its answer to our close frame would be reset else."""
        until = time.monotonic() + self._deadlines.close_s
        while time.monotonic() < until:
            self._connection.receive()

    def _record(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            self.signs += isinstance(outcome, AtWork | Preview | Answered | Refused)
            match outcome:
                case AtWork(segment):
                    self._hear(segment)
                case Preview(segment):
                    self._hear(segment)
                    self._previews[segment] = outcome
                case Answered() | Refused():
                    self._settle(outcome)
        self._changed.notify_all()

    def _hear(self, segment: int) -> None:
        if segment in self._waits:
            self._waits[segment].heard_at = time.monotonic()
        elif not self.conversation.manual and self._turn_at is None:
            self._turn_at = time.monotonic()

    def _settle(self, end: Answered | Refused) -> None:
        now = time.monotonic()
        self._ends[end.segment] = end
        self._waits.pop(end.segment, None)
        if not self.conversation.manual:
            self._previews.pop(end.segment, None)  # nobody asks for these
            self._turn_at = now if len(self.conversation.segments) else None
        for wait in self._waits.values():
            wait.since = now  # their turn comes after this one's
