"""The client's end of a session over a WebSocket: the one place that touches websocket-client."""

import contextlib
import socket
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import websocket
from websocket import ABNF

from realtime.client.handshake import refused
from realtime.client.options import SessionOptions
from realtime.client.wire import Wire, masked_text
from realtime.protocol.errors import ConnectionLost, RealtimeError, ServiceTimeout, ServiceUnreachable

# How long a read waits before it lets its thread look whether the session is over.
_READ_SLICE_S = 0.5
_NO_PROXY_AT_ALL = {"http_proxy_host": "none.invalid", "http_proxy_port": 1, "http_no_proxy": ["*"]}


class _TextFrame(ABNF):
    """The library masks by way of integers as long as the frame, which takes three times as long."""

    def __init__(self, text: str) -> None:
        super().__init__(fin=1, opcode=ABNF.OPCODE_TEXT, mask_value=1, data=text)
        self._payload = text.encode()

    def format(self) -> bytes:
        make_key: Callable[[int], bytes] = self.get_mask_key
        return masked_text(self._payload, make_key(4))


class Connection:
    """A WebSocket to the service. Reading is for one thread, everything else for any."""

    def __init__(self, options: SessionOptions) -> None:
        self._options = options
        self._socket = websocket.WebSocket(skip_utf8_validation=True)
        self._wire: Wire | None = None

    def open(self) -> None:
        """Connect and shake hands; raises RealtimeError."""
        options = self._options
        sslopt = {"ca_certs": options.ca_file} if options.ca_file else {}
        self._socket.sock_opt.sslopt = sslopt
        self._socket.settimeout(options.deadlines.connect_s)
        address, headers, proxy = options.address(), options.request_headers(), _proxy(options.proxy)
        connect: Callable[..., None] = self._socket.connect
        try:
            # A redirect is not followed: it would carry the key to wherever it points.
            connect(address, header=headers, suppress_origin=True, redirect_limit=0, **proxy)
        except websocket.WebSocketBadStatusException as error:
            # Not chained: the library's message holds the whole answer, which may quote the key.
            headers_of_answer = cast("dict[str, str]", error.resp_headers or {})
            body = error.resp_body or b""
            raise refused(error.status_code, headers_of_answer, body, hide=options.key or "") from None
        except (websocket.WebSocketTimeoutException, TimeoutError):
            raise ServiceTimeout("The service did not complete the handshake in time.") from None
        except (websocket.WebSocketException, OSError, ValueError) as error:
            raise _unreachable(error) from None
        self._take_socket()

    def send(self, frame: str) -> None:
        """One text frame; raises ServiceTimeout or ConnectionLost, and the connection is of no use then."""
        try:
            self._socket.send_frame(_TextFrame(frame))
        except websocket.WebSocketTimeoutException:
            raise ServiceTimeout("The service takes no more data.") from None
        except (websocket.WebSocketException, OSError) as error:
            raise ConnectionLost from error

    def receive(self) -> bytes | None:
        """The next text frame, None where there was none for a moment; raises ConnectionLost."""
        try:
            opcode, data = self._socket.recv_data()
        except websocket.WebSocketTimeoutException:
            return None
        except (websocket.WebSocketException, OSError, ValueError) as error:
            raise ConnectionLost from error
        if self._wire is not None:
            self._wire.unread_bytes = 0
        if opcode == ABNF.OPCODE_CLOSE:
            raise _closed(data)
        return cast(bytes, data) if opcode == ABNF.OPCODE_TEXT else None  # the protocol has no binary frames

    def say_goodbye(self) -> None:
        """Send a close frame, if the peer takes one at once."""
        if self._wire is not None:
            self._wire.send_s = 0.1
        with contextlib.suppress(websocket.WebSocketException, OSError):
            self._socket.send_close()

    def cut(self, *, drop_unsent: bool = False) -> None:
        """End the connection now; whoever reads or sends is woken up. ``drop_unsent``: nothing more leaves us."""
        with contextlib.suppress(OSError):
            if self._wire is not None and drop_unsent:
                self._wire.drop_unsent()
            if (sock := self._socket.sock) is not None:
                sock.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Give back the socket; for the thread that reads."""
        give_back: Callable[[], None] = self._socket.shutdown
        give_back()

    def _take_socket(self) -> None:
        sock = self._socket.sock
        if sock is None:
            raise ServiceUnreachable
        self._wire = Wire(sock, read_s=_READ_SLICE_S, send_s=self._options.deadlines.send_s)
        self._socket.sock = cast(socket.socket, self._wire)


def _proxy(url: str | None) -> dict[str, Any]:
    """websocket-client's options for this proxy, or for none, whatever the environment says."""
    if url is None:
        return _NO_PROXY_AT_ALL
    parts = urlsplit(url)
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return {
        "http_proxy_host": parts.hostname,
        "http_proxy_port": parts.port or 80,
        "http_proxy_auth": auth,
        # A list that fits no host: an empty one would be filled from the environment.
        "http_no_proxy": ["none.invalid"],
    }


def _unreachable(error: Exception) -> RealtimeError:
    reason = getattr(error, "strerror", None) or type(error).__name__
    return ServiceUnreachable(detail=f"({reason})")


def _closed(data: bytes) -> ConnectionLost:
    code = int.from_bytes(data[:2], "big") if len(data) >= 2 else 1005  # 1005: closed without a code
    return ConnectionLost(f"The service closed the connection with code {code}.", service_code=str(code))
