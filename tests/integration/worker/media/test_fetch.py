"""Fetching a source's URL, against a real server on loopback and against addresses that must not be reached."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import ClassVar

import pytest

from realtime.protocol.errors import CodedError
from worker.errors import (
    InvalidRequest,
    SourceChanged,
    SourceForbidden,
    SourceMissing,
    SourceUnreachable,
    UploadTooLarge,
)
from worker.media.deadlines import Deadline, DeadlinePassed, LeastPace
from worker.media.fetch import FetchedFile, FetchTimes, fetch, identify
from worker.media.identities import SourceIdentity
from worker.media.public_network import CheckedBackend
from worker.media.urls import display
from worker.settings import ALL_NETWORKS

BODY = b"RIFF" + bytes(50_000)
HERE = ip_network("127.0.0.1")


class Enough(Exception):
    """What a test raises to end a fetch."""


class Handler(BaseHTTPRequestHandler):
    """A source with every habit that the tests need, by path."""

    seen: ClassVar[list[tuple[str, str | None]]] = []
    stop: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Authorization"]))
        name, _, argument = self.path.partition("?")[0].strip("/").partition("/")
        getattr(self, f"serve_{name}")(argument)

    def serve_ok(self, _argument: str) -> None:
        self._begin(200, {"Content-Length": str(len(BODY)), "ETag": '"one"', "Last-Modified": "Mon"})
        self.wfile.write(BODY)

    def serve_status(self, status: str) -> None:
        self._begin(int(status), {"Content-Length": "0"})

    def serve_redirect(self, rest: str) -> None:
        count, _, target = rest.partition("/")
        place = f"/redirect/{int(count) - 1}/{target}" if int(count) > 1 else f"/{target}"
        self._begin(302, {"Location": place, "Content-Length": "0"})

    def serve_elsewhere(self, _argument: str) -> None:
        self._begin(302, {"Location": self.path.partition("?")[2], "Content-Length": "0"})

    def serve_short(self, _argument: str) -> None:
        self._begin(200, {"Content-Length": str(len(BODY))})
        self.wfile.write(BODY[:100])
        self.close_connection = True

    def serve_endless(self, _argument: str) -> None:
        self._begin(200, {})
        while not self.stop.is_set():
            self.wfile.write(BODY)

    def serve_trickle(self, _argument: str) -> None:
        self._begin(200, {})
        while not self.stop.wait(0.05):
            self.wfile.write(b"x")

    def serve_late(self, _argument: str) -> None:
        """The head, and nothing for a while; then all at once."""
        self._begin(200, {"Content-Length": str(len(BODY))})
        self.wfile.flush()
        self.stop.wait(0.5)
        self.wfile.write(BODY)

    def serve_slow_head(self, _argument: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not self.stop.wait(0.05):
            self.wfile.write(b"x")

    def serve_mute(self, _argument: str) -> None:
        self.stop.wait(20)

    def log_message(self, *_arguments: object) -> None:
        """Nothing on the tests' output."""

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_arguments: object) -> None:
        """A client that leaves early is what these tests are about."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    Handler.stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "fetched"


def get(url: str, target: Path, *, known: SourceIdentity | None = None, deadline_s: float = 10) -> FetchedFile:
    times = FetchTimes(head_s=deadline_s, least_s=deadline_s, unknown_s=deadline_s)
    return fetch(url, target, max_bytes=100_000, private=ALL_NETWORKS, expected=known, times=times)


def test_a_source_is_written_hashed_and_counted(origin: str, target: Path) -> None:
    fetched = get(f"{origin}/ok", target)
    assert target.read_bytes() == BODY
    assert (fetched.digest, fetched.size_bytes) == (hashlib.sha256(BODY).hexdigest(), len(BODY))
    assert fetched.identity == SourceIdentity(size_bytes=len(BODY), etag='"one"', last_modified="Mon")
    assert BODY.startswith(fetched.head)


def test_identifying_reads_the_headers_only(origin: str) -> None:
    assert identify(f"{origin}/ok", private=ALL_NETWORKS).etag == '"one"'
    assert identify(f"{origin}/endless", private=ALL_NETWORKS) == SourceIdentity()


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("status/404", SourceMissing),
        ("status/410", SourceMissing),
        ("status/401", SourceForbidden),
        ("status/403", SourceForbidden),
        ("status/429", SourceUnreachable),
        ("status/500", SourceUnreachable),
        ("status/503", SourceUnreachable),
        ("short", SourceUnreachable),
        ("endless", UploadTooLarge),
        ("redirect/6/ok", SourceUnreachable),
        ("elsewhere?ftp://127.0.0.1/x", SourceForbidden),
        ("elsewhere?file:///etc/passwd", SourceForbidden),
    ],
)
def test_what_the_server_does_becomes_a_code_and_leaves_nothing(
    origin: str, target: Path, path: str, error: type[CodedError]
) -> None:
    with pytest.raises(error):
        get(f"{origin}/{path}", target)
    assert not target.exists()


def test_five_redirects_are_followed(origin: str, target: Path) -> None:
    assert get(f"{origin}/redirect/5/ok", target).size_bytes == len(BODY)


@pytest.mark.parametrize("path", ["trickle", "mute"])
def test_one_deadline_holds_for_the_whole(origin: str, target: Path, path: str) -> None:
    with pytest.raises(SourceUnreachable):
        get(f"{origin}/{path}", target, deadline_s=0.5)
    assert not target.exists()


def test_what_comes_too_slowly_is_left_long_before_its_deadline(origin: str, target: Path) -> None:
    slow = FetchTimes(pace=LeastPace(bytes_per_s=1000, over_s=0.3))
    with pytest.raises(SourceUnreachable, match="in time"):
        fetch(f"{origin}/trickle", target, max_bytes=10**6, private=ALL_NETWORKS, times=slow)
    assert not target.exists()


def test_a_pace_is_kept_by_what_waits_long_and_then_comes_fast(origin: str, target: Path) -> None:
    slow = FetchTimes(pace=LeastPace(bytes_per_s=1000, over_s=0.3))
    fetched = fetch(f"{origin}/late", target, max_bytes=10**6, private=ALL_NETWORKS, times=slow)
    assert fetched.size_bytes == len(BODY)


def test_a_head_that_trickles_does_not_outlast_its_time(origin: str, target: Path) -> None:
    slow = FetchTimes(head_s=0.5)
    with pytest.raises(SourceUnreachable):
        fetch(f"{origin}/slow_head", target, max_bytes=10**6, private=ALL_NETWORKS, times=slow)


def test_the_more_is_announced_the_longer_it_may_take() -> None:
    times = FetchTimes(least_s=10, bytes_per_s=1000, unknown_s=60)
    assert [times.whole_s(size) for size in (0, 5000, 10**6, None)] == [10, 15, 1010, 60]


def test_a_name_whose_servers_say_nothing_is_waited_for_no_longer_than_the_rest() -> None:
    answered = threading.Event()

    def mute(*_asked: object, **_named: object) -> list[tuple[object, ...]]:
        answered.wait(60)  # as a name server does that is not there; there is no telling the system's where to ask
        return []

    with pytest.raises(DeadlinePassed):
        CheckedBackend(Deadline(0.2), look_up=mute).connect_tcp("slow.example", 80)
    answered.set()


def test_nobody_listening_is_unreachable(target: Path) -> None:
    with pytest.raises(SourceUnreachable, match="does not answer"):
        get("http://127.0.0.1:9/x", target)


def test_a_name_that_does_not_resolve_is_unreachable(target: Path) -> None:
    with pytest.raises(SourceUnreachable):
        get("http://" + "a" * 64 + ".invalid/x", target)


@pytest.mark.parametrize(
    "known",
    [SourceIdentity(size_bytes=1), SourceIdentity(etag='"two"'), SourceIdentity(last_modified="Sun")],
)
def test_a_source_that_is_not_what_was_registered_has_changed(origin: str, target: Path, known: SourceIdentity) -> None:
    with pytest.raises(SourceChanged):
        get(f"{origin}/ok", target, known=known)


def test_a_source_that_is_the_same_or_says_nothing_has_not_changed(origin: str, target: Path) -> None:
    known = SourceIdentity(size_bytes=len(BODY), etag='"one"', last_modified="moved to another disk")
    assert get(f"{origin}/ok", target, known=known)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.1.2.3"])
def test_private_addresses_are_refused_before_a_byte_is_sent(origin: str, target: Path, host: str) -> None:
    port = origin.rpartition(":")[2]
    before = len(Handler.seen)
    with pytest.raises(SourceForbidden, match="private address"):
        fetch(f"http://{host}:{port}/ok", target, max_bytes=10**6)
    assert len(Handler.seen) == before


def test_each_redirect_is_checked_again(origin: str, target: Path) -> None:
    port = origin.rpartition(":")[2]
    with pytest.raises(SourceForbidden, match="private address"):
        fetch(f"{origin}/elsewhere?http://127.0.0.2:{port}/ok", target, max_bytes=10**6, private=[HERE])


def test_credentials_go_to_their_own_origin_only(origin: str, target: Path) -> None:
    port = origin.rpartition(":")[2]
    get(f"http://me:p%40ss@127.0.0.1:{port}/elsewhere?http://127.0.0.1:{port}/redirect/1/ok", target)
    expected = "Basic " + base64.b64encode(b"me:p@ss").decode()
    assert [login for _path, login in Handler.seen[-3:]] == [expected] * 3
    get(f"http://me:secret@127.0.0.1:{port}/elsewhere?http://localhost:{port}/ok", target)
    assert Handler.seen[-1][1] is None


@pytest.mark.parametrize("path", ["status/404", "status/500", "mute", "short"])
def test_errors_show_no_secret_of_the_url(origin: str, target: Path, path: str) -> None:
    url = f"{origin}/{path}?signature=hush#hush".replace("//", "//me:hush@")
    with pytest.raises(CodedError) as raised:
        get(url, target, deadline_s=0.5)
    assert "hush" not in raised.value.message
    assert display(url) in raised.value.message


def test_a_fetch_can_be_ended_from_within(origin: str, target: Path) -> None:
    def enough(_size: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        fetch(f"{origin}/endless", target, max_bytes=10**9, private=ALL_NETWORKS, on_chunk=enough)
    assert not target.exists()


def test_what_is_no_url_is_refused_before_anything(target: Path) -> None:
    with pytest.raises(InvalidRequest):
        identify("file:///etc/passwd")
    with pytest.raises(InvalidRequest):
        get("ftp://host/x", target)


def test_the_environments_proxy_is_not_used(origin: str, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert get(f"{origin}/ok", target)
