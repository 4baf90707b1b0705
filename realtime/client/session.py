"""A session as its user sees it: segments in, answers out."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Self

from realtime.client.connection import Connection
from realtime.client.exchange import Exchange
from realtime.client.options import SessionOptions
from realtime.protocol.conversation.outcomes import Answered, Refused, Result
from realtime.protocol.errors import RequestRejected

# One second of 16 kHz audio, 43 kB as base64: few frames, and little that is sent in vain after a cancel.
FRAME_BYTES = 32_000
# Utterances that may be open before a stream waits: a service that is slower than we send must not drown. At 50 s each
# they are what the local service's buffer takes.
UTTERANCES_AHEAD = 8
WAIT_SLICE_S = 0.5


def _ignore(_news: object) -> None:
    pass


def _go_on() -> None:
    pass


class Session:
    """A session with a service. For one thread at a time, but ``close`` and ``abort`` may come from any."""

    def __init__(self, options: SessionOptions, connection: Connection) -> None:
        self._options = options
        self._exchange = Exchange(options, connection)
        self._conversation = self._exchange.conversation
        self._paced_until = 0.0

    @classmethod
    def open(cls, options: SessionOptions) -> Self:
        """Connect, and wait until the service has taken the options; raises RealtimeError."""
        session = cls(options, Connection(options))
        session.start()
        return session

    @property
    def model(self) -> str:
        """The model as the service names it, or as it was asked for."""
        return self._conversation.model

    @property
    def alive(self) -> bool:
        """True while the session takes audio."""
        return self._exchange.alive

    @property
    def signs(self) -> int:
        """How often the service has spoken of an utterance, or a commit, so far."""
        return self._exchange.signs

    def start(self) -> None:
        """Connect, send the options and wait until they are taken; raises RealtimeError."""
        with self._or_abort():
            self._exchange.connect()

    def transcribe(
        self,
        pcm: bytes,
        *,
        on_frame: Callable[[int], None] = _ignore,
        on_preview: Callable[[str], None] = _ignore,
    ) -> Result:
        """Send one segment, commit it, and wait for its answer; raises RealtimeError. Manual mode.

        ``on_frame`` is called with the number of bytes before each frame of audio; if it raises, nothing more is sent,
        the connection is cut and the exception goes up. ``on_preview`` gets the text so far, each replacing the last.
        """
        return self.submit(pcm, on_frame=on_frame).result(on_preview)

    def submit(self, pcm: bytes, *, on_frame: Callable[[int], None] = _ignore) -> "PendingSegment":
        """Send and commit one segment as soon as fewer than ``depth`` are unanswered; raises RealtimeError."""
        with self._or_abort():
            self._exchange.wait_for_room(self._options.depth)
            for frame in _frames(pcm):
                self._send_audio(frame, on_frame)
            number = self._exchange.commit(len(pcm) / self._options.bytes_per_s)
        return PendingSegment(self, number)

    def await_answer(self, number: int, on_preview: Callable[[str], None]) -> Result:
        """The answer to a segment, once; raises what it was refused with. ``PendingSegment`` calls this."""
        with self._or_abort():
            while not isinstance(news := self._exchange.news_of(number), Answered | Refused):
                on_preview(news.text)
        if isinstance(news, Refused):
            raise news.error
        return news.result

    def stream(
        self,
        audio: Iterable[bytes],
        *,
        on_frame: Callable[[int], None] = _ignore,
        on_wait: Callable[[], None] = _go_on,
    ) -> Iterator[Answered | Refused]:
        """Send audio and yield each utterance as the service answers it; finishes the session. VAD mode.

        ``on_frame`` is as in `transcribe`; ``on_wait`` is called twice a second while answers are waited for, and ends
        the session in the same way where it raises. Raises RealtimeError where the session breaks; what was answered
        before has been yielded by then.
        """
        if self._conversation.manual:
            raise RequestRejected("Streaming needs turn detection.")
        with self._or_abort():
            for frame in (frame for pcm in audio for frame in _frames(pcm)):
                yield from self._exchange.take_ends()
                while len(self._conversation.segments) >= UTTERANCES_AHEAD:
                    yield from self._wait_for_news(on_wait)
                if self._conversation.ended:
                    break
                self._send_audio(frame, on_frame)
            if not self._conversation.ended:
                self._exchange.finish()
            while not self._conversation.ended:
                yield from self._wait_for_news(on_wait)
            yield from self._exchange.take_ends()
        self._close_and_raise()

    def finish(self) -> None:
        """End the session as the protocol wants it: all is answered, then it closes. Raises RealtimeError."""
        with self._or_abort():
            if not self._conversation.ended:
                self._exchange.finish()
            self._exchange.wait_for_end()
        self._close_and_raise()

    def close(self) -> None:
        """End the connection politely, without waiting for answers. Does nothing where it is gone."""
        self._exchange.close()

    def abort(self) -> None:
        """End the connection at once: what the system has not yet sent of our audio is dropped."""
        self._exchange.abort()

    def _send_audio(self, frame: bytes, on_frame: Callable[[int], None]) -> None:
        self._exchange.wait_for_time(self._paced_until)
        on_frame(len(frame))
        self._exchange.say(lambda conversation: conversation.append(frame))
        if self._options.pace:
            lasts_s = len(frame) / self._options.bytes_per_s / self._options.pace
            self._paced_until = max(time.monotonic(), self._paced_until) + lasts_s

    def _wait_for_news(self, on_wait: Callable[[], None]) -> list[Answered | Refused]:
        on_wait()
        return self._exchange.wait_for_news(WAIT_SLICE_S)

    def _close_and_raise(self) -> None:
        self._exchange.close()
        if self._conversation.error is not None:
            raise self._conversation.error

    @contextlib.contextmanager
    def _or_abort(self) -> Iterator[None]:
        """Whatever goes wrong inside ends the session: what the service has by then is half of something."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._exchange.abort)
            yield
            stack.pop_all()


class PendingSegment:
    """A segment that was committed and is not answered yet."""

    def __init__(self, session: Session, number: int) -> None:
        self._session = session
        self._number = number

    def result(self, on_preview: Callable[[str], None] = _ignore) -> Result:
        """Its answer, once; raises RealtimeError."""
        return self._session.await_answer(self._number, on_preview)


def _frames(pcm: bytes) -> Iterator[bytes]:
    for start in range(0, len(pcm), FRAME_BYTES):
        yield pcm[start : start + FRAME_BYTES]
