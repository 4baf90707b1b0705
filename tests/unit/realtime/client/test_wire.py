"""A socket that two threads use at once."""

import socket
import threading
from collections.abc import Iterator

import pytest

from realtime.client.wire import MESSAGE_LIMIT_BYTES, OversizedMessage, Wire


@pytest.fixture
def pair() -> Iterator[tuple[Wire, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Wire(ours, read_s=0.05, send_s=0.05), theirs


def test_reading_gives_up_after_its_own_time(pair: tuple[Wire, socket.socket]) -> None:
    with pytest.raises(TimeoutError):
        pair[0].recv(1)


def send_for_ever(wire: Wire) -> None:
    while True:
        wire.send(bytes(100_000))


def test_sending_gives_up_where_nobody_reads(pair: tuple[Wire, socket.socket]) -> None:
    with pytest.raises(TimeoutError):
        send_for_ever(pair[0])


def test_a_reader_that_waits_does_not_hold_up_a_sender(pair: tuple[Wire, socket.socket]) -> None:
    wire, peer = pair
    wire.read_s = 10
    answer: list[bytes] = []
    reader = threading.Thread(target=lambda: answer.append(wire.recv(10)))
    reader.start()

    assert wire.send(b"question") == 8
    assert peer.recv(10) == b"question"
    peer.send(b"answer")
    reader.join(5)
    assert answer == [b"answer"]


def test_a_reader_wakes_up_when_the_socket_is_shut(pair: tuple[Wire, socket.socket]) -> None:
    wire, _ = pair
    wire.read_s = 10
    answer: list[bytes] = []
    reader = threading.Thread(target=lambda: answer.append(wire.recv(10)))
    reader.start()

    wire.shutdown()
    reader.join(5)
    assert answer == [b""]


def test_the_limits_are_not_the_librarys_to_change(pair: tuple[Wire, socket.socket]) -> None:
    wire, _ = pair
    wire.settimeout(None)
    assert wire.gettimeout() == 0.05


def test_a_message_without_bounds_is_not_read_to_its_end(pair: tuple[Wire, socket.socket]) -> None:
    wire, peer = pair
    wire.unread_bytes = MESSAGE_LIMIT_BYTES
    peer.send(b"x")
    with pytest.raises(OversizedMessage):
        wire.recv(1)
