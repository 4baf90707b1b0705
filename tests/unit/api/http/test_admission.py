"""Who is refused before all routes, by the head of the request alone."""

import asyncio
from typing import Any

import pytest

from api.http.admission import Admission, Message, refusal
from realtime.hosts import HostRule

HOSTS = HostRule("127.0.0.1", ("longhand.example", "build-7:8443"))
HOME = ("host", "127.0.0.1:8080")
IN = None
Pairs = list[tuple[str, str]]


def raw(pairs: Pairs) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in pairs]


@pytest.mark.parametrize(
    ("path", "pairs", "code"),
    [
        ("/v1/jobs", [HOME], IN),
        ("/v1/jobs", [("host", "LOCALHOST:8080")], IN),
        ("/v1/jobs", [("host", "[::1]:8080")], IN),
        ("/v1/jobs", [("host", "longhand.example")], IN),
        ("/v1/jobs", [("host", "build-7:8443")], IN),
        ("/v1/jobs", [("host", "build-7:8080")], "host_unknown"),
        ("/v1/jobs", [("host", "evil.example")], "host_unknown"),
        ("/v1/jobs", [("host", "10.0.0.5:8080")], "host_unknown"),
        ("/v1/jobs", [("host", "")], "host_unknown"),
        ("/v1/jobs", [("host", "\xff")], "host_unknown"),
        ("/v1/jobs", [], "host_unknown"),
        ("/v1/jobs", [HOME, HOME], "host_unknown"),
        ("/v1/jobs", [HOME, ("host", "evil.example")], "host_unknown"),
        ("/v1/jobs", [("host", "evil.example"), HOME], "host_unknown"),
        ("/v1/jobs", [("host", "evil.example"), ("x-forwarded-host", "127.0.0.1")], "host_unknown"),
        ("/healthz", [("host", "10.0.0.5:8080")], IN),
        ("/readyz", [("host", "[fd00::5]")], IN),
        ("/healthz", [("host", "evil.example")], "host_unknown"),
        ("/readyz", [], "host_unknown"),
        ("/readyz/", [("host", "10.0.0.5")], "host_unknown"),
        ("/metrics", [("host", "10.0.0.5:8080")], "host_unknown"),
        ("/v1/jobs", [HOME, ("origin", "http://127.0.0.1:8080")], IN),
        ("/v1/jobs", [("host", "longhand.example"), ("origin", "https://longhand.example")], IN),
        ("/v1/jobs", [HOME, ("origin", "http://evil.example")], "foreign_origin"),
        ("/v1/jobs", [HOME, ("origin", "http://127.0.0.1:8081")], "foreign_origin"),
        ("/v1/jobs", [HOME, ("origin", "http://localhost:8080")], "foreign_origin"),
        ("/v1/jobs", [HOME, ("origin", "https://longhand.example")], "foreign_origin"),
        ("/v1/jobs", [HOME, ("origin", "null")], "foreign_origin"),
        ("/v1/jobs", [HOME, ("origin", "")], "foreign_origin"),
        (
            "/v1/jobs",
            [HOME, ("origin", "http://127.0.0.1:8080"), ("origin", "http://evil.example")],
            "foreign_origin",
        ),
        ("/v1/jobs", [HOME, ("sec-fetch-site", "same-origin")], IN),
        ("/v1/jobs", [HOME, ("sec-fetch-site", "none")], IN),
        ("/v1/jobs", [HOME, ("transfer-encoding", "chunked")], IN),
        ("/v1/jobs", [HOME, ("transfer-encoding", "chunked"), ("content-length", "5")], "invalid_request"),
        ("/v1/jobs", [HOME, ("sec-fetch-site", "same-site")], "foreign_origin"),
        ("/v1/jobs", [HOME, ("sec-fetch-site", "cross-site")], "foreign_origin"),
        ("/v1/jobs", [HOME, ("sec-fetch-site", "")], "foreign_origin"),
        ("/v1/jobs", [HOME, ("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], "foreign_origin"),
        (
            "/v1/jobs",
            [HOME, ("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "cross-site")],
            "foreign_origin",
        ),
        ("/healthz", [("host", "10.0.0.5"), ("origin", "http://evil.example")], "foreign_origin"),
        ("/docs", [HOME, ("sec-fetch-site", "cross-site")], "foreign_origin"),
    ],
)
def test_a_request_comes_in_by_a_known_name_and_for_no_page_of_another_origin(
    path: str, pairs: Pairs, code: str | None
) -> None:
    refused = refusal(path, [(name.encode(), value.encode("latin-1")) for name, value in pairs], HOSTS)
    assert (refused.code if refused else IN) == code


def answered(scope: Message, app: Any = None) -> list[Message]:  # noqa: ANN401  # any application
    """What is sent; an application that is reached where none is given, or a body that is read, is a failure."""
    sent: list[Message] = []

    async def unread() -> Message:
        raise AssertionError("the body was read")

    async def unreached(*_: object) -> None:
        raise AssertionError("the request was let in")

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Admission(app or unreached, HOSTS)(scope, unread, send))
    return sent


def test_what_is_refused_is_refused_before_its_body_is_read() -> None:
    scope = {"type": "http", "method": "POST", "path": "/v1/jobs", "headers": raw([("host", "evil.example")])}
    start, body = answered(scope)
    assert start["status"] == 421
    assert b"host_unknown" in body["body"]
    headers = dict(start["headers"])
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"connection"] == b"close"


def test_every_answer_is_sealed_and_what_a_route_says_of_itself_stands() -> None:
    async def app(_scope: Message, _receive: Any, send: Any) -> None:  # noqa: ANN401  # of ASGI
        own = [(b"referrer-policy", b"same-origin"), (b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 500, "headers": own})

    [start] = answered({"type": "http", "path": "/v1/jobs", "headers": raw([HOME])}, app)
    assert dict(start["headers"]) == {
        b"content-type": b"text/html",
        b"referrer-policy": b"same-origin",
        b"x-content-type-options": b"nosniff",
        b"cross-origin-resource-policy": b"same-origin",
    }


def test_a_websocket_is_closed_before_it_is_open() -> None:
    assert answered({"type": "websocket", "path": "/v1/jobs", "headers": raw([HOME])}) == [{"type": "websocket.close"}]
