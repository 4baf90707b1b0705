"""One process's sessions with one service: kept open from job to job, the idle ones finished."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from realtime.client.connection import Connection
from realtime.client.options import SessionOptions
from realtime.client.session import Session
from realtime.protocol.conversation.outcomes import Result
from realtime.protocol.errors import RealtimeError

log = structlog.get_logger(__name__)

# No idle timeout of the service is published; a session that nobody needs for this long is given back.
IDLE_S = 20.0
TURNSTILE_S = 0.1  # between two looks at the lease of who waits behind others
CLOSE_S = 5.0  # for idle sessions to finish when the process ends


def _no_patience() -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class SessionKey:
    """What a session is set up with: segments with the same key can follow one another in one session.

    ``vad``: the service finds the segments, and the session is for one stream.
    """

    model: str
    language: str | None
    context: str
    sample_rate: int
    vad: bool = False


@dataclass(frozen=True)
class LastAnswer:
    """An answer, and a hash that tells its audio from other audio."""

    audio: int
    text: str


class SharedSession(Session):
    """A session that several segments may share, and that remembers what it answered last."""

    last: LastAnswer | None = None

    def __init__(self, options: SessionOptions, connection: Connection) -> None:
        super().__init__(options, connection)
        self._sending = threading.Lock()

    def hear(self, pcm: bytes, *, on_frame: Callable[[int], None], on_preview: Callable[[str], None]) -> Result:
        """As `transcribe`, from any thread: one segment is sent at a time, while others wait for their answers."""
        with self._sending:
            pending = self.submit(pcm, on_frame=on_frame)
        return pending.result(on_preview)


@dataclass(frozen=True)
class IdleSession:
    key: SessionKey
    session: SharedSession
    since: float  # monotonic


@dataclass
class BusySession:
    """A session at work, and for how many segments."""

    key: SessionKey
    session: SharedSession
    borrowers: int = 1


class SessionPool:
    """At most ``capacity`` sessions, busy and idle together, each for up to ``depth`` segments at once."""

    def __init__(
        self, capacity: int, connect: Callable[[SessionKey], SharedSession], *, depth: int = 1, idle_s: float = IDLE_S
    ) -> None:
        self._capacity = capacity
        self._connect = connect
        self._depth = depth
        self._idle_s = idle_s
        self._idle: list[IdleSession] = []  # the longest idle first
        self._busy: list[BusySession] = []
        self._connecting = 0
        self._lock = threading.Lock()
        self._turnstile = threading.Lock()
        self._retired: queue.SimpleQueue[SharedSession | None] = queue.SimpleQueue()
        self._janitor = threading.Thread(target=self._tidy, name="idle sessions", daemon=True)
        self._janitor.start()

    def take(self, key: SessionKey, *, patience: Callable[[], None] = _no_patience) -> tuple[SharedSession, bool]:
        """A session with this key, and whether it was there before.

        The idle one used last, else a new one, for which the longest idle one makes room, else one that has room for
        another segment. While there is none of these, which happens only with a depth, ``patience`` is called.
        """
        with first_in_line(self._turnstile, patience):  # sessions that many share would never be free for another key
            while not (found := self._find(key)) and not self._reserve():
                patience()
        return (found, True) if found else (self._connected(key), False)

    def open(self, key: SessionKey, *, patience: Callable[[], None] = _no_patience) -> SharedSession:
        """A new session, for which the longest idle one makes room; ``patience`` as in `take`."""
        with first_in_line(self._turnstile, patience):
            while not self._reserve():
                patience()
        return self._connected(key)

    def give_back(self, key: SessionKey, session: SharedSession) -> None:
        """Keep the session for the next segment, if it can serve one and nobody else is at it."""
        with self._lock:
            busy = next(one for one in self._busy if one.session is session)
            busy.borrowers -= 1
            if busy.borrowers:
                return
            self._busy.remove(busy)
            if session.alive:
                self._idle.append(IdleSession(key, session, time.monotonic()))
                return
        session.close()

    def close(self) -> None:
        """Finish what is idle; what is busy is its borrower's."""
        self._retire_idle(older_than_s=0.0)
        self._retired.put(None)
        self._janitor.join(CLOSE_S)

    def _find(self, key: SessionKey) -> SharedSession | None:
        with self._lock:
            return self._take_idle(key) or self._share(key)

    def _connected(self, key: SessionKey) -> SharedSession:
        """A new session, for which there is a reservation."""
        try:
            session = self._connect(key)
            with self._lock:
                self._busy.append(BusySession(key, session))
        finally:
            with self._lock:
                self._connecting -= 1
        return session

    @property
    def _is_full(self) -> bool:
        """Whether all sessions that there may be are at work."""
        return len(self._busy) + self._connecting >= self._capacity

    def _take_idle(self, key: SessionKey) -> SharedSession | None:
        for idle in reversed(self._idle):
            if idle.key == key:
                self._idle.remove(idle)
                self._busy.append(BusySession(key, idle.session))
                return idle.session
        return None

    def _share(self, key: SessionKey) -> SharedSession | None:
        """A session that sends, or waits for its answer, can take the next segment in the meantime."""
        if key.vad or not self._is_full:
            return None
        roomy = [one for one in self._busy if one.key == key and one.borrowers < self._depth and one.session.alive]
        if not roomy:
            return None
        least = min(roomy, key=lambda one: one.borrowers)
        least.borrowers += 1
        return least.session

    def _reserve(self) -> bool:
        with self._lock:
            if self._is_full:
                return False
            self._connecting += 1
            while self._idle and len(self._busy) + self._connecting + len(self._idle) > self._capacity:
                self._retired.put(self._idle.pop(0).session)
            return True

    def _tidy(self) -> None:
        """Finish what was retired: that waits for the service, so no borrower does it."""
        while True:
            try:
                session = self._retired.get(timeout=self._idle_s / 4)
            except queue.Empty:
                self._retire_idle(older_than_s=self._idle_s)
                continue
            if session is None:
                return
            _finish(session)

    def _retire_idle(self, *, older_than_s: float) -> None:
        before = time.monotonic() - older_than_s
        with self._lock:
            old = [idle for idle in self._idle if idle.since <= before or not idle.session.alive]
            self._idle = [idle for idle in self._idle if idle not in old]
        for idle in old:
            self._retired.put(idle.session)


@contextmanager
def first_in_line(turnstile: threading.Lock, patience: Callable[[], None]) -> Iterator[None]:
    """Pass the turnstile for the block's duration, so that one at a time waits for what all want."""
    while not turnstile.acquire(timeout=TURNSTILE_S):
        patience()
    try:
        yield
    finally:
        turnstile.release()


def _finish(session: Session) -> None:
    try:
        session.finish()
    except RealtimeError as error:  # nothing is lost with an idle session
        log.debug("an idle session did not finish in good order; it is closed", code=error.code)
    finally:
        session.close()
