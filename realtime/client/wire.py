"""A socket that one thread reads while others write, and text frames as a client masks them (RFC 6455, 5.2)."""

import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

FINAL_TEXT, MASKED = 0x81, 0x80
TWO_BYTES, EIGHT_BYTES = 126, 127  # how a length is told that does not fit into seven bits


def masked_text(payload: bytes, key: bytes) -> bytes:
    """The whole frame, masked with ``key`` of 4 bytes; a text is not cut into several frames."""
    words = np.frombuffer(payload + bytes(-len(payload) % 4), np.uint32) ^ np.frombuffer(key, np.uint32)
    return b"".join((_head(len(payload)), key, words.view(np.uint8)[: len(payload)].data))


def _head(length: int) -> bytes:
    if length < TWO_BYTES:
        return bytes((FINAL_TEXT, MASKED | length))
    if length < 1 << 16:
        return bytes((FINAL_TEXT, MASKED | TWO_BYTES)) + length.to_bytes(2, "big")
    return bytes((FINAL_TEXT, MASKED | EIGHT_BYTES)) + length.to_bytes(8, "big")


# Nothing that this protocol says is longer; a peer that claims it is not one to fill our memory for.
MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024

Done = TypeVar("Done")


class OversizedMessage(OSError):
    """The peer sends a message beyond all bounds."""


class Wire:
    """Wraps a connected socket, plain or TLS, for a WebSocket library to use in its stead.

    A socket has one time limit for both directions, and a TLS object is not made for two threads at once. So the socket
    never blocks: each direction waits by ``poll`` for as long as it may, and only the call itself is under a lock.
    """

    def __init__(self, sock: socket.socket, *, read_s: float, send_s: float) -> None:
        self._sock = sock
        self._sock.setblocking(False)
        self._lock = threading.Lock()
        self.read_s = read_s
        self.send_s = send_s
        self.unread_bytes = 0

    def recv(self, size: int) -> bytes:
        """As of a socket; raises TimeoutError after ``read_s``, OversizedMessage when told of too long a message."""
        data = self._when_ready(lambda: self._sock.recv(size), select.POLLIN, self.read_s)
        self.unread_bytes += len(data)
        if self.unread_bytes > MESSAGE_LIMIT_BYTES:
            raise OversizedMessage("The message is too long.")
        return data

    def send(self, data: bytes) -> int:
        """As of a socket; raises TimeoutError where the peer takes nothing for ``send_s``."""
        return self._when_ready(lambda: self._sock.send(data), select.POLLOUT, self.send_s)

    def _when_ready(self, act: Callable[[], Done], event: int, limit_s: float) -> Done:
        until = time.monotonic() + limit_s
        while True:
            wanted = event
            with self._lock:
                try:
                    return act()
                except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
                    # TLS may have to read before it can write, and the other way round.
                    wanted = _wanted(error, event)
            self._poll(wanted, until)

    def _poll(self, event: int, until: float) -> None:
        left_s = until - time.monotonic()
        poll = select.poll()
        poll.register(self._sock, event)
        if left_s <= 0 or not poll.poll(left_s * 1000):
            raise TimeoutError("The peer was not ready in time.")

    def gettimeout(self) -> float:
        """As of a socket; not 0, which would mean that the caller waits by itself."""
        return self.read_s

    def settimeout(self, _timeout_s: float | None) -> None:
        """The limits are fixed: what the library asks for is for both directions."""

    def fileno(self) -> int:
        return self._sock.fileno()

    def shutdown(self, how: int = socket.SHUT_RDWR) -> None:
        """As of a socket: whoever waits for it wakes up."""
        # Of the plain socket beneath: that of a TLS socket tears down what another thread may be reading with.
        socket.socket.shutdown(self._sock, how)

    def drop_unsent(self) -> None:
        """What the kernel still holds is not sent any more when the socket is closed."""
        linger_for_nothing = struct.pack("ii", 1, 0)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_nothing)

    def close(self) -> None:
        self._sock.close()

    @property
    def _closed(self) -> bool:
        """websocket-client asks a socket this."""
        return self._sock.fileno() < 0


def _wanted(error: OSError, event: int) -> int:
    if isinstance(error, ssl.SSLWantReadError):
        return select.POLLIN
    return select.POLLOUT if isinstance(error, ssl.SSLWantWriteError) else event
