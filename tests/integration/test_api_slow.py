"""Clients that take their time: they take nobody else's. The limits are those of the test, in tenths of a second."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api.http.body_pace import BodyLimit
from tests.fixtures.doors import House, opened, serving, settings_for, sound

UPLOADS = 64  # that a door takes at once
QUICK = BodyLimit(least_bytes_per_s=16 * 1024, window_s=0.5, whole_s=20)
FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
HEAD = (
    b"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n"
)


@pytest.fixture
def quick_house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """A door whose patience with a body is short."""
    with opened(settings_for(sqlite_url, tmp_path), body_limit=QUICK) as made:
        yield made


def connected(house: House | str) -> socket.socket:
    url = urlsplit(house if isinstance(house, str) else str(house.client.base_url))
    assert url.hostname
    assert url.port
    made = socket.create_connection((url.hostname, url.port))
    made.settimeout(60)  # only against a hang
    return made


def answer(connection: socket.socket) -> bytes:
    """All that comes until the server closes; an end by reset is one too."""
    read = bytearray()
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            read += part
    return bytes(read)


@contextmanager
def dripping(connections: list[socket.socket], byte: bytes = b"a") -> Iterator[None]:
    """A byte now and then on each, until the server closes it."""
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.1):
            for connection in connections:
                with suppress(OSError):
                    connection.send(byte)

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_slow_uploads_end_and_keep_no_honest_one_from_its_room(quick_house: House) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(closing(connected(quick_house))) for _ in range(UPLOADS)]
        for connection in slow:
            connection.sendall(HEAD + FORM + sound()[:1000])
        stack.enter_context(dripping(slow))
        assert quick_house.client.get("/v1/jobs").status_code == 200
        quick_house.job()
        told = [answer(connection) for connection in slow]
    assert sum(b" 408 " in one and b"body_too_slow" in one for one in told) >= UPLOADS // 2
    assert all(b" 408 " in one or b" 503 " in one or not one for one in told)
    assert len(quick_house.client.get("/v1/jobs").json()["items"]) == 1


@pytest.mark.parametrize(
    ("path", "kind", "begun"),
    [
        ("/v1/jobs/cancel", "application/json", b"{"),
        ("/v1/batches", "application/x-ndjson", b"{"),
        ("/v1/archives/radio/imports", "text/csv", b"url,language\n"),
        ("/v1/archives/radio/recordings", "multipart/form-data; boundary=x", b"--x\r\n"),
        ("/v1/recordings/none/transcripts?format=txt", "application/octet-stream", b"w"),
    ],
)
def test_no_route_waits_for_a_body_that_does_not_come(quick_house: House, path: str, kind: str, begun: bytes) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with closing(connected(quick_house)) as connection:
        connection.sendall(head.encode() + f"{len(begun):x}\r\n".encode() + begun + b"\r\n")
        told = answer(connection)
    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"body_too_slow" in told
    assert b"connection: close" in told.lower()


def test_a_slow_body_that_is_small_is_taken(quick_house: House) -> None:
    body = b'{"status": "queued"}'
    head = "POST /v1/jobs/cancel HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\n"
    with closing(connected(quick_house)) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
        for number in range(len(body)):
            time.sleep(0.01)  # 0.2 s in all: within the first window
            connection.sendall(body[number : number + 1])
        assert answer(connection).startswith(b"HTTP/1.1 200 ")


def test_what_comes_behind_a_form_is_not_read_for_ever(house: House) -> None:
    sent = 0
    with closing(connected(house)) as connection:
        connection.sendall(HEAD.replace(b"Content-Length: 1000000", b"Transfer-Encoding: chunked"))
        form = FORM + sound() + b"\r\n--x--\r\n"
        connection.sendall(f"{len(form):x}\r\n".encode() + form + b"\r\n")
        try:
            while sent < 400 * 2**20:
                connection.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")
                sent += 65536
        except OSError:  # it was closed on us
            pass
    assert sent < 50 * 2**20  # what the kernel holds for both sides
    assert house.client.get("/v1/jobs").json()["items"] == []


def test_a_little_behind_a_form_does_no_harm(house: House) -> None:
    form = FORM + sound() + b"\r\n--x--\r\n" + bytes(1000)
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert house.client.post("/v1/jobs", content=form, headers=kind).status_code == 202


@pytest.mark.parametrize(
    "begun", [b"", b"G", b"GET /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n"], ids=["nothing", "a letter", "half a head"]
)
@pytest.mark.parametrize("drips", [False, True])
def test_a_head_that_does_not_end_is_not_waited_for(house: House, begun: bytes, drips: bool) -> None:
    with serving(house.answers, head_s=0.3) as url, closing(connected(url)) as connection:
        connection.sendall(begun)
        with dripping([connection] if drips else []):
            assert answer(connection) == b""


def test_a_head_that_does_not_end_is_not_waited_for_after_an_answer_either(house: House) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with serving(house.answers, head_s=0.3) as url, closing(connected(url)) as connection:
        connection.sendall(request)
        answered = b""
        while not answered.endswith(b'{"status":"ok"}'):
            answered += connection.recv(65536)
        connection.sendall(request[:10])
        assert answer(connection) == b""


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example"])
def test_a_body_that_is_no_http_has_one_answer_and_is_no_defect(
    house: House, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its request is refused in two places at once: by the server, and by whoever looks at its head."""
    with closing(connected(house)) as connection:
        head = f"POST /v1/jobs/cancel HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\ng\r\n".encode())
        assert answer(connection).startswith(b"HTTP/1.1 400 ")
    house.client.get("/healthz")
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_an_answer_that_takes_longer_than_a_head_may_is_sent(house: House) -> None:
    job = house.job()
    with serving(house.answers, head_s=0.1) as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        polled = client.get(f"/v1/jobs/{job}", headers={"Prefer": "wait=1"})
        assert (polled.status_code, polled.json()["status"]) == (200, "queued")


def test_connections_have_a_limit_and_who_comes_later_is_told_so(house: House) -> None:
    with serving(house.answers, connections=5) as url, ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(closing(connected(url)))
        told = httpx.get(f"{url}/healthz", trust_env=False)
        assert told.status_code == 503
