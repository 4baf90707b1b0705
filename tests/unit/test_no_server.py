"""What this folder's conftest refuses."""

import socket
import sqlite3
from pathlib import Path

import pytest

from tests.unit import conftest


@pytest.mark.parametrize("verb", ["connect", "connect_ex", "bind"])
def test_a_socket_to_a_server_is_refused_here(verb: str) -> None:
    with socket.socket() as opened, pytest.raises(AssertionError, match="tests/integration"):
        getattr(opened, verb)(("127.0.0.1", 0))
    conftest.reached.clear()


def test_so_is_a_database(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="tests/integration"):
        sqlite3.connect(tmp_path / "longhand.db")
    conftest.reached.clear()


def test_two_ends_in_one_process_are_no_server() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"x")
        assert theirs.recv(1) == b"x"
