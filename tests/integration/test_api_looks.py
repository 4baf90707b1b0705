"""Looks at sources that say nothing: few at once, and everybody is answered all the same."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from api.http.looks import AT_ONCE, BATCHES_AT_ONCE, Looks
from api.requests.submissions import LOOKS_AT_ONCE
from tests.fixtures.doors import House, opened, settings_for


@dataclass
class MuteServer:
    """Takes connections and says nothing; ``most`` is how many were open at once.

    Who leaves is seen before the next one is taken: it left before that one came.
    """

    port: int
    most: int = 0
    open: list[socket.socket] = field(default_factory=list)

    def take(self, listener: socket.socket) -> None:
        """Until the listener is shut."""
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.setblocking(False)
                self.open = [one for one in self.open if not _has_left(one)] + [connection]
                self.most = max(self.most, len(self.open))


def _has_left(connection: socket.socket) -> bool:
    try:
        while connection.recv(65_536):
            pass
    except BlockingIOError:
        return False
    connection.close()
    return True


@contextmanager
def mute_server() -> Iterator[MuteServer]:
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        made = MuteServer(listener.getsockname()[1])
        thread = threading.Thread(target=made.take, args=[listener], daemon=True)
        thread.start()
        yield made
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in made.open:
        connection.close()


@pytest.fixture
def quick_house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """A door that may look at this machine, for a short time."""
    with opened(settings_for(sqlite_url, tmp_path, allow_private_urls=True)) as made:
        made.app.state.deps = replace(made.app.state.deps, looks=Looks(one_s=0.5, batch_s=0.5))
        yield made


def test_mute_sources_are_looked_at_a_few_at_once_and_all_are_accepted(quick_house: House) -> None:
    with mute_server() as mute, ThreadPoolExecutor(48) as clients:
        urls = [f"http://127.0.0.1:{mute.port}/{number}.wav" for number in range(48)]
        answers = list(clients.map(lambda url: quick_house.client.post("/v1/jobs", json={"url": url}), urls))
    assert [answer.status_code for answer in answers] == [202] * 48
    assert AT_ONCE / 2 < mute.most <= AT_ONCE
    assert len({answer.json()["id"] for answer in answers}) == 48


def test_batches_of_mute_sources_are_looked_at_a_few_at_once(quick_house: House) -> None:
    def batch(number: int) -> int:
        items = [f"http://127.0.0.1:{mute.port}/{number}/{item}.wav" for item in range(40)]
        return int(quick_house.client.post("/v1/batches", json=items).json()["jobs"])

    with mute_server() as mute, ThreadPoolExecutor(8) as clients:
        assert list(clients.map(batch, range(8))) == [40] * 8
    assert LOOKS_AT_ONCE / 2 < mute.most <= BATCHES_AT_ONCE * LOOKS_AT_ONCE


def test_a_place_that_was_held_is_free_again(quick_house: House) -> None:
    with mute_server() as mute, ThreadPoolExecutor(16) as clients:
        for round_ in range(2):
            urls = [f"http://127.0.0.1:{mute.port}/{round_}/{number}.wav" for number in range(16)]
            answers = clients.map(lambda url: quick_house.client.post("/v1/jobs", json={"url": url}), urls)
            assert {answer.status_code for answer in answers} == {202}
    looks = quick_house.app.state.deps.looks
    assert looks.ones.borrowed_tokens == looks.batches.borrowed_tokens == 0
