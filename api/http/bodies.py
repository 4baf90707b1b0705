"""Request bodies: JSON with a limit on its length, and streams handed to a thread."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar

from anyio import from_thread
from fastapi import Request
from pydantic import ValidationError

from worker.errors import InvalidRequest, UploadTooLarge
from worker.shapes.fields import sentence
from worker.strict_json import parse_json

Fields = TypeVar("Fields")

MAX_JSON_BYTES = 1024**2


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
        raise InvalidRequest(sentence(error.errors())) from error


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
