"""How long a client may take to send a body: a least pace on the way, and a time for the whole.

Only time in which the server waits for the client counts: whoever is slowed down by the server's own disk or database
is not the one who is slow.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders

from api.http.admission import App, Message, Receive, Send
from api.http.problems import BodyTooSlow

# What is left of a refused request's body is passed over up to here; beyond, or where nobody knows how much it is, the
# connection is closed.
LEFT_BYTES = 64 * 1024


@dataclass(frozen=True)
class BodyLimit:
    """``least_bytes_per_s`` over each window but the first: a small body, or a slow beginning, is nobody's fault."""

    least_bytes_per_s: int = 16 * 1024
    window_s: float = 30.0
    whole_s: float = 3600.0


class PacedBody:
    """One body on its way, as an application receives it. Raises BodyTooSlow. ``clock`` gives monotonic seconds."""

    def __init__(self, receive: Receive, limit: BodyLimit, clock: Callable[[], float] = time.monotonic) -> None:
        self._receive = receive
        self._limit = limit
        self._clock = clock
        self._waited_s = 0.0  # in all
        self._window_s = 0.0  # in this window
        self._bytes: float = float("inf")  # in this window; the first is free
        self.ended = False

    async def __call__(self) -> Message:
        while not self.ended:
            begun = self._clock()
            message = await self._within(
                min(self._limit.window_s - self._window_s, self._limit.whole_s - self._waited_s)
            )
            self._waited_s += self._clock() - begun
            self._window_s += self._clock() - begun
            if message is not None:
                self._bytes += len(message.get("body", b""))
                self.ended = not message.get("more_body", False)
            self._look()
            if message is not None:
                return message
        return await self._receive()  # nothing but that the client has left

    async def _within(self, seconds: float) -> Message | None:
        try:
            async with asyncio.timeout(seconds):
                return await self._receive()
        except TimeoutError:
            return None

    def _look(self) -> None:
        if self.ended:
            return
        if self._waited_s >= self._limit.whole_s:
            raise BodyTooSlow(f"The body was not there after {self._limit.whole_s:g} s.")
        if self._window_s >= self._limit.window_s:
            if self._bytes < self._limit.least_bytes_per_s * self._window_s:
                raise BodyTooSlow
            self._window_s, self._bytes = 0.0, 0


class BodyPace:
    """A layer of an application: bodies keep a pace, and of what is refused no more is read than a little."""

    def __init__(self, app: App, limit: BodyLimit) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (left := _length(Headers(raw=scope["headers"]))) == 0:
            await self._app(scope, receive, send)
            return
        body = PacedBody(receive, self._limit)

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and not body.ended and left > LEFT_BYTES:
                headers = MutableHeaders(raw=list(message.get("headers", [])))
                headers["Connection"] = "close"
                message = {**message, "headers": headers.raw}
            await send(message)

        await self._app(scope, body, closing)


def _length(headers: Headers) -> float:
    """Bytes of the body; infinite where it comes in chunks."""
    if "transfer-encoding" in headers:
        return float("inf")
    given = headers.get("content-length", "0")
    return int(given) if given.isdecimal() else float("inf")
