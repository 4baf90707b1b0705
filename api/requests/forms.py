"""Multipart forms read as they come: small fields into memory, the file as an iterator, its bytes touched once.

python-multipart pushes events; here they are pulled, so that whoever stores the file sets the pace of the reading.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from worker.errors import InvalidRequest

FILE = "file"
MAX_FIELD_BYTES = 64 * 1024
MAX_FIELDS = 64
MAX_BEHIND_BYTES = 64 * 1024  # the closing boundary; it is passed over


@dataclass(frozen=True)
class PartBegin:
    """A part begins; ``filename`` is None where it is no file."""

    name: str
    filename: str | None


@dataclass(frozen=True)
class PartEnd:
    """A part is whole."""


Event = PartBegin | bytes | PartEnd


def boundary_of(content_type: str) -> bytes:
    """Raises InvalidRequest where the form's header has none."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise InvalidRequest("Content-Type: multipart/form-data needs a boundary; let the HTTP client set the header.")
    return boundary


@dataclass
class Form:
    """A form being read: `fields` first up to the file, then the file's bytes, then the fields behind it."""

    events: Iterator[Event]
    fields: dict[str, str] = field(default_factory=dict)
    filename: str | None = None

    def read_fields(self) -> bool:
        """Read up to the file, or to the end of the form; whether a file begins."""
        for event in self.events:
            if isinstance(event, PartBegin) and self._is_file(event):
                return True
            if isinstance(event, PartBegin):
                self._keep(event.name, b"".join(self._data(MAX_FIELD_BYTES, event.name)))
        return False

    def file(self) -> Iterator[bytes]:
        """The file's bytes, as they come."""
        return self._data(None, FILE)

    def _is_file(self, event: PartBegin) -> bool:
        if event.name != FILE:
            return False
        if self.filename is not None:
            raise InvalidRequest("file: one file a request; send each in a request of its own.")
        self.filename = event.filename or ""
        return True

    def _keep(self, name: str, data: bytes) -> None:
        if name in self.fields or len(self.fields) >= MAX_FIELDS:
            raise InvalidRequest(f"{name}: is there twice, or there are more than {MAX_FIELDS} fields.")
        try:
            self.fields[name] = data.decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest(f"{name}: must be UTF-8.") from error

    def _data(self, at_most: int | None, name: str) -> Iterator[bytes]:
        read = 0
        for event in self.events:
            if isinstance(event, PartEnd):
                return
            assert isinstance(event, bytes)  # noqa: S101  # parts do not nest
            read += len(event)
            if at_most is not None and read > at_most:
                raise InvalidRequest(f"{name[:100]}: is longer than {at_most} bytes.")
            yield event
        raise InvalidRequest("The form ends in the middle of a field.")


def read_events(body: Iterable[bytes], boundary: bytes) -> Iterator[Event]:
    """The form's parts as events; raises InvalidRequest where the body is no form."""
    collector = _Collector()
    parser = _parser(boundary, collector)
    behind = 0
    for chunk in body:
        behind += len(chunk) if collector.ended else 0
        if behind > MAX_BEHIND_BYTES:
            raise InvalidRequest("The body goes on behind the form's closing boundary.")
        _feed(parser, chunk)
        while collector.events:
            yield collector.events.popleft()
    if not collector.ended:
        raise InvalidRequest("The form ends before its closing boundary.")


def _parser(boundary: bytes, collector: "_Collector") -> MultipartParser:
    try:
        return MultipartParser(boundary, collector.callbacks())  # type: ignore[arg-type]  # its TypedDict is private
    except FormParserError as error:
        raise InvalidRequest(f"Content-Type: {error}.") from error


def _feed(parser: MultipartParser, chunk: bytes) -> None:
    try:
        parser.write(chunk)
    except FormParserError as error:
        raise InvalidRequest(f"The body is no multipart form: {error}.") from error


class _Collector:
    """The parser's callbacks; what they were called with waits in `events`."""

    def __init__(self) -> None:
        self.events: deque[Event] = deque()
        self.ended = False
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._part,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._begin,
            "on_part_data": lambda data, start, end: self.events.append(bytes(data[start:end])),
            "on_part_end": lambda: self.events.append(PartEnd()),
            "on_end": self._end,
        }

    def _part(self) -> None:
        self._disposition = b""

    def _header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _begin(self) -> None:
        options = parse_options_header(self._disposition)[1]
        if b"name" not in options:
            raise InvalidRequest("A part of the form has no name in its Content-Disposition.")
        filename = options.get(b"filename")
        self.events.append(PartBegin(_text(options[b"name"]), None if filename is None else _text(filename)))

    def _end(self) -> None:
        self.ended = True


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")
