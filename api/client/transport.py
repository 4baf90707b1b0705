"""Requests to our own HTTP API: patient with a server that was there, and an error where it answers with one.

Each POST carries an Idempotency-Key, so sending it again after a broken connection is safe. Answers are read into the
shapes that the server sends.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

import httpx
from pydantic import ValidationError

from worker.errors import IdempotencyInFlight
from worker.shapes.base import Page, Shape
from worker.shapes.fields import sentence, short_errors

Answer = TypeVar("Answer", bound=Shape)
Query = Mapping[str, Any]
Body = Callable[[], Iterator[bytes]]

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
UPLOAD_TIMEOUT = httpx.Timeout(30.0, write=300.0, read=300.0)
MANIFEST_S = 600.0  # a manifest takes a while: that it broke off late is no reason to give it up
PAGE = 200
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


class ApiMisread(Exception):
    """What answered is no Longhand, or one of a version that this program does not know."""


class Transport:
    """One server. ``patience_s`` is how long a server that was there may be away, as while it is started again.

    It is asked again each ``pause_s``.
    """

    def __init__(self, url: str, key: str | None = None, *, patience_s: float = 30.0, pause_s: float = 0.5) -> None:
        self.url = url.rstrip("/")
        self.patience_s = patience_s
        self.pause_s = pause_s
        self.http = httpx.Client(
            base_url=self.url,
            timeout=TIMEOUT,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            trust_env=urlsplit(url).hostname not in {"127.0.0.1", "localhost", "::1"},  # no proxy to this machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def check(self) -> None:
        """One request without patience; raises ApiUnreachable."""
        self.answer(lambda: self.http.get("/healthz"), patience_s=0)

    def get(self, path: str, query: Query | None = None) -> httpx.Response:
        """``query`` without what is None or empty."""
        return self.answer(lambda: self.http.get(path, params=without_empty(query or {})))

    def read(self, kind: type[Answer], path: str, query: Query | None = None) -> Answer:
        return read_shape(kind, self.get(path, query))

    def pages(self, kind: type[Answer], path: str, query: Query | None = None) -> Iterator[Answer]:
        """All items of a list, page by page."""
        cursor: dict[str, str] = {}
        while True:
            response = self.get(path, {"limit": PAGE, **(query or {}), **cursor})
            page = read_page(kind, response)
            yield from page.items
            if not page.next:
                return
            cursor = {"cursor": page.next}

    def items(self, kind: type[Answer], path: str, query: Query | None = None) -> list[Answer]:
        """A list that has one page."""
        return read_page(kind, self.get(path, query)).items

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None, **request: Any) -> httpx.Response:  # noqa: ANN401  # as httpx has them
        """A change: ``body`` as JSON, ``request`` as httpx takes it."""
        headers = {**(fresh_key() if method == "POST" else {}), **request.pop("headers", {})}
        given = request if body is None else {**request, "json": dict(body)}
        return self.answer(lambda: self.http.request(method, path, headers=headers, **given))

    def request(self, kind: type[Answer], method: str, path: str, body: Query | None = None, **request: Any) -> Answer:  # noqa: ANN401  # as httpx has them
        """As `send`; what was changed, as it is then."""
        return read_shape(kind, self.send(method, path, body, **request))

    def upload(self, kind: type[Answer], path: str, file: Path, fields: Mapping[str, str]) -> Answer:
        """A file, streamed, with form fields. Raises OSError where it cannot be read, ApiProblem."""
        headers = fresh_key()
        name = file.name.encode("utf-8", "replace").decode()  # a name may hold bytes that are no UTF-8

        def send() -> httpx.Response:
            with file.open("rb") as content:
                return self.http.post(
                    path, data=dict(fields), files={"file": (name, content)}, headers=headers, timeout=UPLOAD_TIMEOUT
                )

        return read_shape(kind, self.answer(send))

    def stream(self, kind: type[Answer], path: str, body: Body, content_type: str, query: Query) -> Answer:
        """A manifest; where the connection breaks it is sent again from its beginning, and done once."""
        given: dict[str, Any] = {"params": dict(query), "headers": {**fresh_key(), "Content-Type": content_type}}
        send = partial(self.http.post, path, timeout=UPLOAD_TIMEOUT, **given)
        return read_shape(kind, self.answer(lambda: send(content=body()), patience_s=MANIFEST_S))

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
            time.sleep(self.pause_s)


def read_shape(kind: type[Answer], response: httpx.Response) -> Answer:
    """The body of an answer. Raises ApiMisread."""
    with _misread(response):
        return kind.read(response.json())


def read_page(kind: type[Answer], response: httpx.Response) -> Page[Answer]:
    """A page of a list. Raises ApiMisread."""
    page = read_shape(Page[Any], response)
    with _misread(response):
        return Page(items=[kind.read(item) for item in page.items], next=page.next)


@contextmanager
def _misread(response: httpx.Response) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise ApiMisread(f"{_asked(response)}: {sentence(short_errors(error))}") from error
    except ValueError as error:
        raise ApiMisread(f"{_asked(response)}: that is no JSON.") from error


def _asked(response: httpx.Response) -> str:
    url = response.url.copy_with(username=None, password=None, query=None, fragment=None)
    return f"What answered at {url} is no Longhand, or one of another version"


def fresh_key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def without_empty(values: Query) -> dict[str, Any]:
    """What was given: what is None or empty was left out; a number that is 0 was not."""
    return {name: value for name, value in values.items() if value is not None and value not in ("", {}, [])}


def path_of(*words: str) -> str:
    """``/v1/`` and the words, each safe in a URL."""
    return "/v1/" + "/".join(quote(word, safe="") for word in words)


def _comes_right(response: httpx.Response) -> bool:
    """Whether the same request can succeed in a moment."""
    conflict = response.status_code == httpx.codes.CONFLICT and _problem(response).get("code")
    return conflict == IdempotencyInFlight.code or response.status_code in GATEWAY_ERRORS


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
