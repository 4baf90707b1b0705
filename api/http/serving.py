"""The server under an application: uvicorn, with a time for each head and a limit of connections.

uvicorn has neither: it waits for a head for ever, and whoever opens connections and says nothing takes a descriptor
with each. Its limit of connections answers 503 itself, in plain text.
"""

import asyncio
import resource
from contextlib import suppress
from functools import partial
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.http.admission import App

HEAD_S = 10.0
CONNECTIONS = 4096
OTHER_FILES = 256  # descriptors beside those of connections: database, files on their way, logs


class HeadLimit(H11Protocol):
    """A connection that is closed where no head is whole in time: at its beginning, and after each answer.

    What is left of the body of a request that has its answer falls under the same time. A connection that says nothing
    between two requests is uvicorn's own to close.
    """

    def __init__(self, *given: Any, head_s: float = HEAD_S, **named: Any) -> None:  # noqa: ANN401  # as uvicorn has them
        super().__init__(*given, **named)
        self._head_s = head_s
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif self._end is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, unless there is an answer already; the application is not to give another."""
        with suppress(h11.LocalProtocolError):
            super().send_400_response(msg)
        self.transport.close()
        if self.cycle is not None:
            self.cycle.disconnected = True

    def _wait(self) -> None:
        self._end = self.loop.call_later(self._head_s, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None


def make_server(
    app: App, host: str, port: int, *, grace_s: int, head_s: float = HEAD_S, connections: int | None = None
) -> uvicorn.Server:
    """A server that is not started yet; ``grace_s`` is for requests that are at work when it ends."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        ws="none",
        http=partial(HeadLimit, head_s=head_s),  # type: ignore[arg-type]  # it is called as a class is
        limit_concurrency=connections or _connections(),
        timeout_graceful_shutdown=grace_s,
    )
    return uvicorn.Server(config)


def _connections() -> int:
    """As many as there are descriptors for."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS if most == resource.RLIM_INFINITY else max(1, min(CONNECTIONS, most - OTHER_FILES))
