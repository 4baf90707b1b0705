"""An upload on its way into the media store: looked at, counted, hashed and written once, whatever its length."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from api.requests.forms import FILE, Form, boundary_of, read_events
from worker.audio.sniff import HEAD_BYTES, look_at
from worker.errors import InvalidRequest, UploadTooLarge
from worker.media.store import MediaStore, SavedFile

MAX_NAME = 200
FORM_OVERHEAD_BYTES = 1024**2  # fields and boundaries beside the file


Kind = TypeVar("Kind")
Read = Callable[[dict[str, Any]], Kind]  # the form's fields, checked; raises RequestError


@dataclass(frozen=True)
class Upload(Generic[Kind]):
    """A file in the media store, and what was asked for beside it."""

    options: Kind
    saved: SavedFile
    name: str


def receive(
    body: Iterable[bytes], content_type: str, store: MediaStore, max_bytes: int, read: Read[Kind]
) -> Upload[Kind]:
    """Read the form and store its file. Fields may stand on either side of the file.

    All is checked before the store keeps anything: the store takes what its iterator gives until that ends, and it
    ends only when the whole form has been read and found right. Raises RequestError.
    """
    form = Form(read_events(body, boundary_of(content_type)))
    if not form.read_fields():
        read(form.fields)
        raise InvalidRequest(f"{FILE}: the form has no field of this name with the recording in it.")
    read(form.fields)
    saved = store.save(_checked(form, read), max_bytes)
    return Upload(read(form.fields), saved, clean_name(form.filename or ""))


def refuse_length(content_length: str | None, max_bytes: int) -> None:
    """Refuse by the header what would be refused after gigabytes anyway; raises UploadTooLarge."""
    if content_length and content_length.isdecimal() and int(content_length) > max_bytes + FORM_OVERHEAD_BYTES:
        raise UploadTooLarge


def clean_name(given: str) -> str:
    """A client's name for its file, fit to be shown: no folders, no control characters, not too long."""
    last = re.split(r"[/\\]", given)[-1]
    shown = "".join(sign for sign in last if unicodedata.category(sign) not in {"Cc", "Cf", "Cs"}).strip()
    return shown[-MAX_NAME:] or "recording"


def _checked(form: Form, read: Callable[[dict[str, Any]], object]) -> Iterator[bytes]:
    chunks = form.file()
    head = _head(chunks)
    look_at(head, len(head))
    yield head
    yield from chunks
    if form.read_fields():
        raise InvalidRequest(f"{FILE}: one file a request; send each in a request of its own.")
    read(form.fields)


def _head(chunks: Iterator[bytes]) -> bytes:
    """At least HEAD_BYTES, or all there is."""
    head = bytearray()
    for chunk in chunks:
        head += chunk
        if len(head) >= HEAD_BYTES:
            break
    return bytes(head)
