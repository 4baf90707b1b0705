"""The way into a session, and all that can be wrong with it."""

import socket
import threading
import time
from collections.abc import Callable

import pytest

from realtime.client.options import Deadlines, SessionOptions
from realtime.client.session import Session
from realtime.protocol.errors import (
    KeyMalformed,
    KeyRefused,
    ModelUnknown,
    QuotaExceeded,
    RateLimited,
    RealtimeError,
    RequestRejected,
    ServiceFault,
    ServiceTimeout,
    ServiceUnreachable,
)
from realtime.protocol.events import SessionCreated
from tests.fixtures.hostile import HostileServer, Peer, Script, error, join_readers, obey, raw_server, refuse

QUICK = Deadlines(connect_s=0.5, update_s=0.4, close_s=0.2)
PATIENT = Deadlines(connect_s=10, update_s=10, close_s=0.2)


def problem_with(url: str, deadlines: Deadlines = PATIENT, key: str = "sk-secret") -> RealtimeError:
    begun = time.monotonic()
    with pytest.raises(RealtimeError) as caught:
        Session.open(SessionOptions(url=url, model="m-1", key=key, deadlines=deadlines))
    assert time.monotonic() - begun < 20
    assert "sk-secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, "sk-secret is not known", KeyRefused),
        (403, "", KeyRefused),
        (403, '{"code":"AllocationQuota.FreeTierOnly","message":"used up"}', QuotaExceeded),
        (404, '{"code":"ModelNotFound"}', ModelUnknown),
        (400, '{"error":{"code":"model_not_found"}}', ModelUnknown),
        (404, "", ServiceUnreachable),
        (400, "", RequestRejected),
        (429, "", RateLimited),
        (500, "", ServiceFault),
        (502, "<html>Bad gateway</html>", ServiceFault),
        (503, "", ServiceFault),
    ],
)
def test_a_refused_handshake_is_raised_as_its_class(status: int, body: str, expected: type[RealtimeError]) -> None:
    with HostileServer(obey, refusals=[refuse(status, body)]) as server:
        assert type(problem_with(server.url)) is expected


def test_a_limit_at_the_door_says_when_to_come_again() -> None:
    with HostileServer(obey, refusals=[refuse(429, Retry_After="3")]) as server:
        assert problem_with(server.url).retry_after_s == 3


def test_a_refused_client_may_come_again() -> None:
    with HostileServer(obey, refusals=[refuse(503)]) as server:
        assert type(problem_with(server.url)) is ServiceFault
        Session.open(SessionOptions(url=server.url, model="m-1")).finish()


def test_the_key_does_not_follow_a_redirect() -> None:
    with HostileServer(obey) as elsewhere:
        away = refuse(302, Location=elsewhere.url)
        with HostileServer(obey, refusals=[away]) as server:
            assert type(problem_with(server.url)) is ServiceUnreachable
        assert elsewhere.requests == []


def test_nobody_at_the_address_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert type(problem_with(f"ws://127.0.0.1:{port}/")) is ServiceUnreachable


def test_a_name_that_is_none_is_unreachable() -> None:
    assert type(problem_with(f"ws://{'a' * 70}.test/")) is ServiceUnreachable


def test_a_key_that_cannot_be_sent_is_refused_before_anything_is() -> None:
    with HostileServer(obey) as server:
        assert type(problem_with(server.url, key="sk-secret\r\nX: y")) is KeyMalformed
        assert server.requests == []


def test_a_look_up_that_hangs_does_not_hold_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(*_args: object, **_more: object) -> list[object]:
        release.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    assert type(problem_with("ws://slow.test/", QUICK)) is ServiceTimeout
    release.set()
    join_readers()


def test_a_session_that_was_given_up_does_not_open_later(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    look_up = socket.getaddrinfo

    def dawdle(*args: object, **more: object) -> object:
        release.wait(20)
        return look_up(*args, **more)  # type: ignore[arg-type]  # as they came

    with HostileServer(obey) as server:
        monkeypatch.setattr(socket, "getaddrinfo", dawdle)
        assert type(problem_with(server.url, QUICK)) is ServiceTimeout
        release.set()
        join_readers()
        assert all(not peer.events for peer in server.peers)


def says_nothing(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def hangs_up(connection: socket.socket) -> None:
    connection.recv(65536)


def speaks_another_language(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example.test ESMTP\r\n\r\n")
    says_nothing(connection)


def speaks_bytes(connection: socket.socket) -> None:
    connection.sendall(b"\xff\xfe\x00\r\n\r\n")
    says_nothing(connection)


def accepts_with_the_wrong_word(connection: socket.socket) -> None:
    lines = ["HTTP/1.1 101 OK", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: no", "", ""]
    connection.sendall("\r\n".join(lines).encode())
    says_nothing(connection)


def trickles(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n")
    connection.settimeout(0.02)
    while True:
        connection.sendall(b"X")
        time.sleep(0.02)


def promises_a_long_excuse(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 1000000000\r\n\r\nno")
    says_nothing(connection)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (says_nothing, ServiceTimeout),
        (hangs_up, ServiceUnreachable),
        (speaks_another_language, ServiceUnreachable),
        (speaks_bytes, ServiceUnreachable),
        (accepts_with_the_wrong_word, ServiceUnreachable),
        (trickles, ServiceTimeout),
        (promises_a_long_excuse, ServiceTimeout),
    ],
    ids=lambda value: value.__name__,
)
def test_a_server_that_is_none_of_ours_is_noticed(
    script: Callable[[socket.socket], None], expected: type[RealtimeError]
) -> None:
    with raw_server(script) as url:
        assert type(problem_with(url, Deadlines(connect_s=1, close_s=0.2))) is expected
    join_readers()


def greets_and_takes_no_options(peer: Peer) -> None:
    peer.say(SessionCreated())
    peer.take()
    peer.wait()


def only_pings(peer: Peer) -> None:
    for _ in peer.every(0.02):
        peer.connection.ping()


def hangs_up_on_the_options(peer: Peer) -> None:
    peer.take()
    peer.connection.close()


def refuses_the_options(peer: Peer) -> None:
    peer.say(SessionCreated())
    event = peer.take()
    peer.say(error("invalid_request_error", "invalid_value", event_id=event.event_id))
    peer.wait()


def has_a_limit(peer: Peer) -> None:
    peer.say(error("server_error", "Throttling.RateQuota", "Requests rate limit exceeded"))
    peer.connection.close()


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (greets_and_takes_no_options, "service_timeout"),
        (only_pings, "service_timeout"),
        (hangs_up_on_the_options, "connection_lost"),
        (refuses_the_options, "request_rejected"),
        (has_a_limit, "rate_limited"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_session_that_does_not_begin_ends_in_the_right_error(script: Script, code: str) -> None:
    with HostileServer(script) as server:
        assert problem_with(server.url, Deadlines(connect_s=10, update_s=0.5, close_s=0.2)).code == code
