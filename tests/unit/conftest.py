"""This folder holds tests that need no server: whoever connects, listens or opens a database here fails.

What needs one lies in tests/integration, in the same tree of folders. Programs that run and end, as ffmpeg does, are no
servers.
"""

import socket
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

FOLDER = Path(__file__).parent
SERVERS = ("socket.connect", "socket.bind", "sqlite3.connect")
INTERNET = {socket.AF_INET, socket.AF_INET6}
reached: list[str] = []  # an error alone might be caught by the code under test, or end a thread unseen
watching = False


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if not watching or event not in SERVERS or not _is_server(arguments[0]):
        return
    if threading.current_thread() is not threading.main_thread():  # perhaps left behind by a test of another folder
        return
    reached.append(f"{event} {arguments[-1]}")
    raise AssertionError(f"a test in tests/unit needs a server: {reached[-1]}; tests/integration is the place for it")


def _is_server(of: object) -> bool:
    """A socket between two threads or to a child is none, nor is a table that ends with its connection."""
    return of.family in INTERNET if isinstance(of, socket.socket) else of not in {"", ":memory:"}


sys.addaudithook(_refuse)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Around each test with all its fixtures; pytest asks this for the tests of other folders too."""
    global watching  # noqa: PLW0603  # an audit hook cannot be taken away again
    watching = FOLDER in item.path.parents
    try:
        return (yield)
    finally:
        watching = False


@pytest.fixture(autouse=True)
def no_server() -> Iterator[None]:
    """Fails a test that reached for one and did not notice the refusal."""
    reached.clear()
    yield
    assert reached == []


@pytest.fixture(scope="session")
def postgres_server() -> NoReturn:
    """Its connections are made by a C library, which tells no audit hook."""
    raise AssertionError("a test in tests/unit needs PostgreSQL; tests/integration is the place for it")
