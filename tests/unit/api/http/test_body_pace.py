"""How long a body may take, with a clock of the test's own."""

import asyncio
from collections.abc import Callable

import pytest

from api.http.admission import Message
from api.http.body_pace import LEFT_BYTES, BodyLimit, BodyPace, PacedBody
from api.http.problems import BodyTooSlow

LIMIT = BodyLimit(least_bytes_per_s=1000, window_s=30, whole_s=300)


class Client:
    """Sends ``each`` bytes every ``pause_s``, ``times`` times, and then its last."""

    def __init__(self, each: int, pause_s: float, times: int) -> None:
        self.now_s = 0.0
        self._left = times
        self._each = each
        self._pause_s = pause_s

    async def receive(self) -> Message:
        self.now_s += self._pause_s
        self._left -= 1
        return {"type": "http.request", "body": bytes(self._each), "more_body": self._left >= 0}


def read(client: Client, limit: BodyLimit = LIMIT, at_work: Callable[[], None] = lambda: None) -> int:
    """All bytes of the body; ``at_work`` is what the server does with each part."""

    async def reading() -> int:
        body = PacedBody(client.receive, limit, lambda: client.now_s)
        taken = 0
        while not body.ended:
            taken += len((await body())["body"])
            at_work()
        return taken

    return asyncio.run(reading())


@pytest.mark.parametrize(
    ("each", "pause_s", "times"),
    [(0, 1, 0), (1, 5, 5), (1000, 1, 200), (30_000, 30, 5), (100_000, 1, 299)],
    ids=["nothing", "a small one in its time", "just fast enough", "in bursts", "a long one"],
)
def test_a_body_that_keeps_the_pace_is_read_whole(each: int, pause_s: float, times: int) -> None:
    assert read(Client(each, pause_s, times)) == each * (times + 1)


def test_a_byte_now_and_then_is_too_slow_after_the_first_window() -> None:
    client = Client(1, 5, 1000)
    with pytest.raises(BodyTooSlow):
        read(client)
    assert client.now_s == 60


def test_a_good_beginning_is_no_credit_for_what_follows() -> None:
    client = Client(10_000_000, 1, 1000)
    client_each = iter([10_000_000] * 10)

    def at_work() -> None:
        client._each = next(client_each, 0)

    with pytest.raises(BodyTooSlow):
        read(client, at_work=at_work)
    assert client.now_s == 60


def test_a_body_that_never_ends_has_its_time_whatever_its_pace() -> None:
    client = Client(100_000, 1, 100_000)
    with pytest.raises(BodyTooSlow, match="300 s"):
        read(client)
    assert client.now_s == 300


def test_time_in_which_the_server_works_is_not_the_clients() -> None:
    client = Client(1000, 1, 200)

    def at_work() -> None:
        client.now_s += 3600

    assert read(client, at_work=at_work) == 201_000


def test_a_client_that_says_nothing_is_not_waited_for() -> None:
    async def silence() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(BodyTooSlow):
        asyncio.run(PacedBody(silence, BodyLimit(window_s=0.01, whole_s=60))())
    with pytest.raises(BodyTooSlow, match=r"0\.01 s"):
        asyncio.run(PacedBody(silence, BodyLimit(whole_s=0.01))())


@pytest.mark.parametrize(
    ("headers", "closed"),
    [
        ({"content-length": str(LEFT_BYTES + 1)}, True),
        ({"transfer-encoding": "chunked"}, True),
        ({"content-length": str(LEFT_BYTES)}, False),
        ({"content-length": "0"}, False),
        ({}, False),
    ],
)
def test_where_much_of_a_body_was_not_read_the_connection_ends_with_the_answer(
    headers: dict[str, str], closed: bool
) -> None:
    sent: list[Message] = []

    async def refuses(_scope: object, _receive: object, send: Callable[[Message], object]) -> None:
        await send({"type": "http.response.start", "status": 413, "headers": []})  # type: ignore[misc]  # of ASGI

    async def send(message: Message) -> None:
        sent.append(message)

    async def unread() -> Message:
        raise AssertionError("the body was read")

    scope = {"type": "http", "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    asyncio.run(BodyPace(refuses, LIMIT)(scope, unread, send))
    assert ((b"connection", b"close") in sent[0]["headers"]) is closed
