"""Connections to the public internet, and to networks that were allowed: each address is checked and connected to.

A name could resolve to another address between a check and a connection, so nothing resolves it twice.
"""

import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import httpcore

from worker.media.addresses import Network, may_be_reached
from worker.media.deadlines import Deadline, in_time

LookUp = Callable[..., Sequence[tuple[Any, ...]]]  # as `socket.getaddrinfo`


class ForbiddenAddress(Exception):
    """The name leads into a private network."""


class CheckedBackend(httpcore.NetworkBackend):
    """Resolves a name once, refuses what may not be reached, and keeps one deadline over all reads and writes."""

    def __init__(
        self, deadline: Deadline, private: Sequence[Network] = (), *, look_up: LookUp = socket.getaddrinfo
    ) -> None:
        self._deadline = deadline
        self._look_up = look_up
        self._private = private
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        last: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in self._resolve(host, port):
            try:
                stream = self._backend.connect_tcp(
                    address, port, self._deadline.left(timeout), local_address, socket_options
                )
                return _TimedStream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last or httpcore.ConnectError("the name has no address")

    def _resolve(self, host: str, port: int) -> list[str]:
        try:
            found = in_time(partial(self._look_up, host, port, type=socket.SOCK_STREAM), self._deadline.left())
        except (OSError, UnicodeError) as error:  # UnicodeError: a label of the name is too long
            raise httpcore.ConnectError("the name cannot be resolved") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not all(may_be_reached(address, self._private) for address in addresses):
            raise ForbiddenAddress
        return addresses


class _TimedStream(httpcore.NetworkStream):
    """A stream whose every operation gets what is left until the deadline, so that a trickle ends too."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._deadline.read(partial(self._stream.read, max_bytes), timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  # the interface's own type
        return self._stream.get_extra_info(info)
