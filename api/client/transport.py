"""Requests to our own HTTP API: patient with a server that was there, and an error where it answers with one.

Each POST carries an Idempotency-Key, so sending it again after a broken connection is safe.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from worker.errors import IdempotencyInFlight

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
PAGE = 200
PAUSE_S = 0.5
GATEWAY_ERRORS = frozenset({502, 503, 504})


class ApiProblem(Exception):
    """The server answered with an error: its code, and its sentence of what to do."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    @property
    def passing(self) -> bool:
        """Whether the server, or something that it needs, was away: later the same may be answered."""
        return self.status in GATEWAY_ERRORS


class ApiUnreachable(Exception):
    """No server answers at the URL."""


class Transport:
    """One server. ``patience_s`` is how long a server that was there may be away, as while it is started again."""

    def __init__(self, url: str, key: str | None = None, *, patience_s: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self.patience_s = patience_s
        self.http = httpx.Client(
            base_url=self.url,
            timeout=TIMEOUT,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            trust_env=urlsplit(url).hostname not in {"127.0.0.1", "localhost", "::1"},  # no proxy to this machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.http.close()

    def check(self) -> None:
        """One request without patience; raises ApiUnreachable."""
        self.answer(lambda: self.http.get("/healthz"), patience_s=0)

    def pages(self, path: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, {"limit": str(PAGE), **query, **cursor}).json()
            yield from page["items"]
            if not page["next"]:
                return
            cursor = {"cursor": page["next"]}

    def get(self, path: str, query: Mapping[str, str] | None = None) -> httpx.Response:
        return self.answer(lambda: self.http.get(path, params=dict(query or {})))

    def post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        key = fresh_key()
        return self.answer(lambda: self.http.post(path, json=dict(body), headers=key))

    def answer(self, send: Callable[[], httpx.Response], patience_s: float | None = None) -> httpx.Response:
        """Send, again while the server is away; raises ApiUnreachable or ApiProblem."""
        deadline = time.monotonic() + (self.patience_s if patience_s is None else patience_s)
        while True:
            try:
                response = send()
            except httpx.TransportError as error:
                if time.monotonic() >= deadline:
                    raise ApiUnreachable(f"{self.url} does not answer ({error or type(error).__name__})") from error
            else:
                if not _comes_right(response) or time.monotonic() >= deadline:
                    return _checked(response)
            time.sleep(PAUSE_S)


def fresh_key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def _comes_right(response: httpx.Response) -> bool:
    """Whether the same request can succeed in a moment."""
    if response.status_code in GATEWAY_ERRORS:
        return True
    return response.status_code == httpx.codes.CONFLICT and _problem(response).get("code") == IdempotencyInFlight.code


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    problem = _problem(response)
    message = problem.get("detail") or problem.get("title") or f"the server answered {response.status_code}"
    hint = problem.get("hint") or ""
    text = message if hint in message else f"{message} {hint}"
    raise ApiProblem(response.status_code, problem.get("code", "unknown"), text)


def _problem(response: httpx.Response) -> dict[str, Any]:
    """The body of an error; empty where it is not ours, as from a proxy."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
