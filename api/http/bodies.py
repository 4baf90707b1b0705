"""Request bodies: JSON with a limit on its length, and streams handed to a thread."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar

from anyio import from_thread
from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import ValidationError

from api.http.problems import MediaTypeUnsupported
from worker.errors import InvalidRequest, UploadTooLarge
from worker.shapes.fields import sentence, short_errors
from worker.strict_json import parse_json

Fields = TypeVar("Fields")

MAX_JSON_BYTES = 1024**2


JSON = "application/json"


async def known_media_type(request: Request) -> None:
    """Raises MediaTypeUnsupported where the body is of no type that the route's documentation has, or else JSON.

    A page can send text, a form, or a body of no type to any server, and is asked nothing; with any other type its
    browser asks first. So no route may take these, but for forms that bring a file.
    """
    if not _has_body(request):
        return
    given = [value.partition(";")[0].strip().lower() for value in request.headers.getlist("content-type")]
    takes = takes_media_types(request.scope["route"])
    if len(given) != 1 or given[0] not in takes:
        sent = f"The body is {given[0][:100] or 'of no type'}" if given else "The body has no Content-Type"
        raise MediaTypeUnsupported(f"{sent}: the route takes {', '.join(takes)}.")


def takes_media_types(route: APIRoute) -> tuple[str, ...]:
    """The types of a body that its documentation has."""
    documented: dict[str, Any] = (route.openapi_extra or {}).get("requestBody", {}).get("content", {JSON: {}})
    return tuple(documented)


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


async def read_body(request: Request, max_bytes: int = MAX_JSON_BYTES) -> bytes:
    """The whole body; raises InvalidRequest where it is too long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise InvalidRequest(f"The body is longer than {max_bytes} bytes.")
    return bytes(body)


def json_body(read: Callable[[Any], Fields], *, optional: bool = False) -> Callable[[Request], Awaitable[Fields]]:
    """A dependency that reads the body as JSON, strictly; no body is an empty object where it is ``optional``.

    It raises as `checked` does.
    """

    async def from_request(request: Request) -> Fields:
        body = await read_body(request)
        return checked(read, {} if optional and not body.strip() else parse_json(body))

    return from_request


def checked(read: Callable[[Any], Fields], fields: object) -> Fields:
    """What ``read`` makes of them. Raises InvalidRequest that names the fields, where it raises ValidationError."""
    try:
        return read(fields)
    except ValidationError as error:
        raise InvalidRequest(sentence(short_errors(error))) from error


def pulled(stream: AsyncIterator[bytes]) -> Iterator[bytes]:
    """The stream's chunks for a thread: each is asked for when the one before is dealt with, so nothing piles up."""
    while (chunk := from_thread.run(_next, stream)) is not None:
        yield chunk


def within(max_bytes: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, up to a length; raises UploadTooLarge beyond it."""
    read = 0
    for chunk in chunks:
        read += len(chunk)
        if read > max_bytes:
            raise UploadTooLarge
        yield chunk


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    return await anext(stream, None)
