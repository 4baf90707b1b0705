"""What every test shares: a network closed but for this machine, and real servers on free ports."""

import itertools
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from tests.fixtures.logs import logging_as_it_was

# A shared machine may pause for longer than hypothesis' 200 ms: how long an example takes is no finding here.
hypothesis.settings.register_profile("longhand", deadline=None)
hypothesis.settings.load_profile("longhand")

pytest_plugins = [
    "tests.fixtures.buckets",
    "tests.fixtures.databases",
    "tests.fixtures.doors",
    "tests.fixtures.importing",
    "tests.fixtures.other_user",
    "tests.fixtures.redis",
    "tests.fixtures.recognizer",
    "tests.fixtures.unreadable",
]

# Ignored where a script starts the tests in its background, and children would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)

homes = itertools.count()

LOOPBACK = {"127.0.0.1", "127.0.0.2", "::1", "localhost"}


@pytest.fixture(autouse=True)
def closed_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail at once where a test of ours reaches for another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:  # noqa: ANN401  # an address has many shapes
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in LOOPBACK:
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of the person who runs the tests reaches them; each test has a home of its own."""
    for name in [name for name in os.environ if name.startswith("LONGHAND_") and "TEST" not in name]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    # `mktemp` reads all the names given before to find the next: with thousands of tests that is most of their time.
    home = tmp_path_factory.getbasetemp() / "homes" / str(next(homes))
    home.mkdir(mode=0o700, parents=True)
    monkeypatch.setenv("LONGHAND_HOME", str(home))


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """A command, a worker or a dispatcher that runs in a test sets logging up for the whole process."""
    with logging_as_it_was():
        yield
