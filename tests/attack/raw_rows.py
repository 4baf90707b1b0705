"""Bytes on the API's socket: heads and lengths that contradict themselves, names of others, and slow peers."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import count
from typing import Any

import httpx

from tests.attack.assault import HUNG_S, Assault
from tests.attack.odd_values import TEXTS, text
from tests.attack.target import Api, api_process
from tests.fixtures.doors import sound
from tests.fixtures.multipart import body as form_body

METHODS = (
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "HEAD",
    "TRACE",
    "CONNECT",
    "PRI",
    "get",
    "X" * 300,
    "G ET",
    "",
)
TARGETS = (
    "/v1/jobs",
    "/v1/jobs/cancel",
    "/v1/batches",
    "/v1/budgets/day",
    "/healthz",
    "/metrics",
    "*",
    "//evil.example/v1/jobs",
    "http://evil.example/v1/jobs",
    "/v1/jobs/../../etc/passwd",
    "/v1/jobs/%2e%2e/%00",
    "/" + "a" * 70_000,
    "/v1/jobs?" + "a=b&" * 5_000,
)
VERSIONS = ("HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "http/1.1", "")
FOREIGN_HOSTS = (
    "evil.example",
    "evil.example:PORT",
    "127.0.0.1.evil.example",
    "localhost.evil:80",
    "10.0.0.1",
    "[::2]",
    "127.0.0.1@evil",
    "",
    "a" * 300,
)
OWN_HOSTS = ("127.0.0.1:PORT", "localhost:PORT", "LOCALHOST:PORT", "[::1]:PORT")
FOREIGN_ORIGINS = (
    "http://evil.example",
    "null",
    "http://127.0.0.1:1",
    "https://localhost",
    "file://",
    "",
    "http://127.0.0.1:PORT.evil.example",
    "chrome-extension://x",
)
FOREIGN_SITES = ("cross-site", "same-site", "none, cross-site", "x")
LENGTHS = ("0", "5", "+5", "-1", "0x5", "5, 5", "5,6", " 5", "99999999999999999999", "5\x00", "1e1", "")
CODINGS = (
    "chunked",
    "Chunked",
    "chunked, identity",
    "identity, chunked",
    "gzip, chunked",
    "xchunked",
    " chunked",
    "chunked\x0b",
    "",
)
KEYS = (
    "Bearer lh_abcdefgh_" + "x" * 43,
    "Bearer ",
    "bearer x",
    "Basic eDp4",
    "Bearer a, Bearer b",
    "Bearer \xff",
    "x" * 9_000,
)
TYPES = (
    "application/json",
    "text/plain",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "application/x-www-form-urlencoded",
    "application/json; charset=utf-7",
    "",
    "a" * 3_000,
)
LONG_POLLS, HALF_HEADS, SLOW_BODIES = 300, 200, 64
WATCHED_S, HEAD_S = 15.0, 12.0
PATIENCE_S = 10.0
SLOW_ADDRESS = ("127.0.0.2", 0)  # no address may take more than half of the room


def raw_http(assault: Assault) -> None:
    """Each on a connection of its own. Whoever names another host or page gets nothing but a refusal."""
    with api_process(assault) as api:
        for number in assault.inputs(3000):
            request, foreign = _request(assault, api, number)
            answers = _sent(assault, api, request)
            statuses = [int(answer[9:12]) for answer in answers if answer[9:12].isdigit()]
            if foreign and any(status < 400 for status in statuses):
                assault.found("answered another's page or name", request[:500])
            if any(status == 500 for status in statuses):
                assault.found("500", f"{request[:500]!r}: {answers}")
            if b"access-control-" in b"".join(answers).lower():
                assault.found("lets in another origin", request[:500])
            if b"smuggled" in b"".join(answers).lower():
                assault.found("two lengths, and both were obeyed", request[:500])


def _request(assault: Assault, api: Api, number: int) -> tuple[bytes, bool]:
    """A request, and whether it is of another's page or name."""
    dice = assault.dice
    kind = dice.choice(("host", "origin", "site", "lengths", "head", "line", "types"))
    host, headers, foreign = dice.choice(OWN_HOSTS), [], kind in {"host", "origin", "site"}
    method, target, version = dice.choice(("GET", "POST", "PUT")), dice.choice(TARGETS[:6]), "HTTP/1.1"
    content = b'{"status": "queued"}'
    match kind:
        case "host":
            host, target = dice.choice(FOREIGN_HOSTS), dice.choice(TARGETS[:4])
            headers += [("Host", dice.choice(OWN_HOSTS))] if dice.random() < 0.2 else []
        case "origin":
            headers.append(("Origin", dice.choice(FOREIGN_ORIGINS)))
            headers += [("Origin", "http://" + host)] if dice.random() < 0.2 else []
        case "site":
            headers.append(("Sec-Fetch-Site", dice.choice(FOREIGN_SITES)))
        case "lengths":
            return _two_lengths(assault, api, number), False
        case "line":
            method, target, version = dice.choice(METHODS), dice.choice(TARGETS), dice.choice(VERSIONS)
        case "head":
            headers += [(text(dice, 20), text(dice, dice.choice((10, 300)))) for _ in range(dice.choice((1, 5, 200)))]
            headers += [("Authorization", dice.choice(KEYS)) for _ in range(dice.randrange(3))]
            headers.append(("Idempotency-Key", dice.choice(TEXTS)[:5_000]))
    headers.append(("Content-Type", dice.choice(TYPES)))
    lines = [f"{method} {target} {version}", f"Host: {host}", *(f"{name}: {value}" for name, value in headers)]
    head = "\r\n".join([*lines, f"Content-Length: {len(content)}", "Connection: close", "", ""])
    return head.replace("PORT", str(api.port)).encode("utf-8", "surrogatepass") + content, foreign


def _two_lengths(assault: Assault, api: Api, number: int) -> bytes:
    """Bodies whose ends two servers would see in two places, with a second request behind the nearer one."""
    dice = assault.dice
    behind = f"GET /v1/jobs/smuggled-{number} HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n\r\n"
    ends = dice.choice(
        (
            "0\r\n\r\n",
            "0\n\n",
            "5\r\nhello\r\n0\r\n\r\n",
            "ffffffffffffffff\r\n",
            "-1\r\n",
            "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
            "g\r\n",
        )
    )
    headers = [f"Content-Length: {dice.choice(LENGTHS)}", f"Transfer-Encoding: {dice.choice(CODINGS)}"]
    headers += [f"Content-Length: {len(ends + behind)}"] if dice.random() < 0.5 else []
    dice.shuffle(headers)
    separator = dice.choice(("\r\n", "\r\n", "\n", "\r\n ", " \r\n"))
    lines = ["POST /v1/jobs/cancel HTTP/1.1", f"Host: 127.0.0.1:{api.port}", "Content-Type: application/json", *headers]
    return (separator.join(lines) + "\r\n\r\n" + ends + behind).encode("latin-1")


def _sent(assault: Assault, api: Api, request: bytes) -> list[bytes]:
    """The heads of what came back, until the server closes or has said nothing for a while."""
    with (
        assault.within(repr(request[:300])),
        suppress(OSError),
        socket.create_connection(("127.0.0.1", api.port), 5) as asked,
    ):
        asked.settimeout(0.5)
        received = b""
        with suppress(OSError):
            asked.sendall(request)
        with suppress(OSError):
            while chunk := asked.recv(65_536):
                received += chunk
        return [b"HTTP/1.1 " + answer[:600] for answer in received.split(b"HTTP/1.1 ")[1:]]
    if api.died:
        assault.crashed(f"{request[:500]!r}: {api.last_words()}")
    return []


def slow_peers(assault: Assault) -> None:
    """Held polls, half-sent heads and bodies that come byte by byte, all at once: others are answered, heads are not
    waited for."""
    with api_process(assault) as api, ExitStack() as opened:
        polls = [_connected(opened, api, _poll(api)) for _ in range(LONG_POLLS)]
        heads = [_connected(opened, api, b"GET /v1/jobs HTTP/1.1\r\nHost: 127.0") for _ in range(HALF_HEADS)]
        bodies = [_connected(opened, api, _upload(api)) for _ in range(SLOW_BODIES)]
        since = time.monotonic()
        for _ in assault.inputs(len(polls) + len(heads) + len(bodies), least=len(polls) + len(heads) + len(bodies)):
            pass
        ending = threading.Event()
        trickle = threading.Thread(target=_trickle, args=(bodies, ending), daemon=True)
        trickle.start()
        for number in count():
            if time.monotonic() - since > WATCHED_S:
                break
            _honest(assault, api, number)
        ending.set()
        trickle.join()
        still = sum(_is_open(head) for head in heads)
        if still and time.monotonic() - since > HEAD_S:
            assault.hung(f"{still} of {HALF_HEADS} half heads are open after {time.monotonic() - since:.0f} s")


def _poll(api: Api) -> bytes:
    return f"GET /v1/jobs/{api.ids['job_id'][0]} HTTP/1.1\r\nHost: 127.0.0.1\r\nPrefer: wait=60\r\n\r\n".encode()


def _upload(api: Api) -> bytes:
    content = form_body(("file", "a.wav", sound(60)))
    head = (
        "POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=xx\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content[:200]


def _connected(opened: ExitStack, api: Api, first: bytes) -> socket.socket:
    made = opened.enter_context(socket.create_connection(("127.0.0.1", api.port), 10, SLOW_ADDRESS))
    made.sendall(first)
    made.setblocking(False)
    return made


def _trickle(bodies: list[socket.socket], ending: threading.Event) -> None:
    while not ending.wait(1.0):
        for body in bodies:
            with suppress(OSError):
                body.send(b"\0")


def _honest(assault: Assault, api: Api, number: int) -> None:
    """An upload and a read by somebody else."""
    for method, path, request in _asked(number):
        try:
            with assault.within(f"{method} beside slow peers", PATIENCE_S):
                answer = api.client.request(method, path, **request)
            if answer.status_code >= 400:
                assault.found(f"{answer.status_code} beside slow peers", f"{method} {path} {answer.text[:300]}")
        except httpx.TransportError as error:
            assault.found("no answer beside slow peers", f"{method} {path} {error!r}")
    time.sleep(0.3)


def _asked(number: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    yield "POST", "/v1/jobs", {"files": {"file": ("a.wav", sound(100 + number % 50))}, "timeout": HUNG_S}
    yield "GET", "/v1/recordings", {"timeout": HUNG_S}


def _is_open(head: socket.socket) -> bool:
    try:
        while True:
            if not head.recv(4096):
                return False
    except BlockingIOError:
        return True
    except OSError:
        return False
