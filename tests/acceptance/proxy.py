"""Between workers and the local service: connections that a test can reset, silence, refuse or answer with a status."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from tests.fixtures.redis import free_port

Answer = TypeVar("Answer")
CHUNK_BYTES = 1 << 16
WAIT_S = 30.0
RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: no goodbye, the peer gets a RST


@dataclass(eq=False)
class Link:
    """One connection of a worker and its counterpart to the service. ``mute``: nothing passes any more."""

    writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    mute: bool = False

    def reset(self) -> None:
        for writer in self.writers:
            with suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
            writer.transport.abort()


class ServiceProxy:
    """Its methods may be called from any thread, and return when the thing is done."""

    def __init__(self, service_port: int) -> None:
        self.port = free_port()
        self.refused_at: list[float] = []  # when a handshake was answered with a status; seconds since the epoch
        self._service_port = service_port
        self._links: set[Link] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._status: int | None = None
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self.open_up()

    def open_up(self) -> None:
        """Everything passes again, for new connections."""
        self._status = None
        self._do(self._listen)

    def reset_all(self) -> None:
        """Every connection that is there ends with a RST."""
        self._do(self._reset)

    def go_half_open(self) -> None:
        """Connections that are there stay, and nothing comes through them any more; new ones are served."""
        self._do(self._mute)

    def answer_with(self, status: int) -> None:
        """Connections that are there are reset; new ones get this HTTP status, until `open_up`."""
        self._status = status
        self.reset_all()

    def refuse(self) -> None:
        """Nobody listens, until `open_up`."""
        self._do(self._close)

    def connections(self) -> int:
        return len(self._links)

    def stop(self) -> None:
        self._do(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S)
        self._loop.close()

    def _do(self, action: Callable[[], Awaitable[None]]) -> None:
        async def act() -> None:
            await action()

        asyncio.run_coroutine_threadsafe(act(), self._loop).result(WAIT_S)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _reset(self) -> None:
        for link in tuple(self._links):
            link.reset()

    async def _mute(self) -> None:
        for link in self._links:
            link.mute = True

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset()

    async def _end(self) -> None:
        await self._close()
        serving = tuple(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The connection ends with what it is served by, however that ends."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await self._pass_or_answer(reader, writer)
        finally:
            self._serving.discard(task)
            writer.transport.abort()

    async def _pass_or_answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._status is not None:
            self.refused_at.append(time.time())
            await _answer(self._status, reader, writer)
            return
        above, to_service = await asyncio.open_connection("127.0.0.1", self._service_port)
        link = Link((writer, to_service))
        self._links.add(link)
        try:
            await asyncio.gather(self._pump(link, reader, to_service), self._pump(link, above, writer))
        finally:
            self._links.discard(link)
            link.reset()

    async def _pump(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                if not link.mute:
                    writer.write(chunk)
                    await writer.drain()
        if not writer.is_closing():
            writer.close()


async def _answer(status: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} Planted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@contextmanager
def running_proxy(service_port: int) -> Iterator[ServiceProxy]:
    """A proxy that lets everything through, until it is told otherwise."""
    proxy = ServiceProxy(service_port)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
