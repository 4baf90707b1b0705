"""Manifests: a recording a line, read as they come, in chunks of a size that memory and a transaction bear.

Lines are JSON (an object with a url and options, or a URL alone) or CSV (a row of columns that its first line names).
A row that cannot be used is refused with its line's number, and stops no other.
"""

import codecs
import csv
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from worker.errors import InvalidManifest, InvalidRequest
from worker.strict_json import parse_json

CSV = "text/csv"
LINES = ("application/x-ndjson", "application/jsonl", "application/x-jsonlines")
KINDS = (*LINES, CSV)
CHUNK_ROWS = 1000
MAX_LINE_BYTES = 128 * 1024
NEWLINE = b"\n"

Fields = dict[str, Any]


@dataclass(frozen=True)
class ManifestLine:
    """A line that is not empty: what stands in it, or what is wrong with it."""

    line: int
    fields: Fields | InvalidRequest


@dataclass
class ManifestChunk:
    """Rows from ``first_line`` to ``last_line``; ``sha256`` is of the manifest's lines from its first to this last."""

    rows: list[ManifestLine] = field(default_factory=list)
    first_line: int = 0
    last_line: int = 0
    sha256: str = ""


def is_manifest(content_type: str) -> bool:
    return kind_of(content_type) in KINDS


def kind_of(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def read_chunks(
    body: Iterable[bytes], kind: str, shared: Mapping[str, Any], columns: Collection[str]
) -> Iterator[ManifestChunk]:
    """The manifest's rows, each with the fields that all share; the same manifest always gives the same chunks.

    ``columns`` are those that a CSV may have. The last chunk has the last line, be it without rows. Raises
    InvalidRequest where a CSV's columns are no fields.
    """
    digest = hashlib.sha256()
    lines = enumerate(_counted(split_lines(body), digest.update), 1)
    read = _read_json if kind != CSV else _csv_reader(next(lines, (1, b""))[1], columns)
    last = 0
    while True:
        chunk = ManifestChunk(first_line=last + 1)
        for line, text in _until_full(lines, chunk):
            last = line
            if text.strip():
                chunk.rows.append(ManifestLine(line, _fields(read, text, shared)))
        chunk.last_line, chunk.sha256 = last, digest.hexdigest()
        yield chunk
        if len(chunk.rows) < CHUNK_ROWS:
            return


def _until_full(lines: Iterator[tuple[int, bytes]], chunk: ManifestChunk) -> Iterator[tuple[int, bytes]]:
    while len(chunk.rows) < CHUNK_ROWS and (few := list(islice(lines, 1))):
        yield from few


def _counted(lines: Iterable[bytes], update: Callable[[bytes], object]) -> Iterator[bytes]:
    for line in lines:
        update(line + NEWLINE)
        yield line


def split_lines(body: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends; of one that is too long only so much that this can be seen."""
    rest = b""
    for piece in body:
        *whole, rest = (rest + piece).split(NEWLINE)
        yield from whole
        rest = rest[: MAX_LINE_BYTES + 1]
    if rest:
        yield rest


def _fields(read: Callable[[bytes], Fields], line: bytes, shared: Mapping[str, Any]) -> Fields | InvalidRequest:
    if len(line) > MAX_LINE_BYTES:
        return InvalidRequest(f"The line is longer than {MAX_LINE_BYTES} bytes.")
    try:
        return {**shared, **read(line)}
    except InvalidRequest as error:
        return error


def _read_json(line: bytes) -> Fields:
    row = parse_json(line)
    if isinstance(row, str):
        return {"url": row}
    if not isinstance(row, dict):
        raise InvalidRequest("A line must be a JSON object with a url, or a URL alone as a JSON string.")
    return row


def _csv_reader(header: bytes, allowed: Collection[str]) -> Callable[[bytes], Fields]:
    columns = [name.strip().lower() for name in _cells(header.removeprefix(b"\xef\xbb\xbf"))]
    unknown = sorted(set(columns) - set(allowed))
    if unknown or "url" not in columns:
        raise InvalidRequest(
            f"The first line must name the columns, with url, out of {', '.join(allowed)}; got {header[:200]!r}."
        )

    def read(line: bytes) -> Fields:
        cells = _cells(line)
        if len(cells) > len(columns):
            raise InvalidRequest(f"The row has {len(cells)} cells for {len(columns)} columns.")
        return {name: cell for name, cell in zip(columns, cells, strict=False) if cell}

    return read


def _cells(line: bytes) -> list[str]:
    """One line is one row: a quotation mark that is never closed must not swallow the rows behind it."""
    try:
        return next(csv.reader([line.decode().rstrip("\r")], strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidRequest(f"The line is no CSV in UTF-8: {error}.") from error


def check_head(head: bytes, kind: str, columns: Collection[str]) -> None:
    """Refuse a manifest that is wrong from its beginning: no UTF-8, or a CSV without its columns.

    ``head`` is as much of it as is at hand. Raises InvalidManifest.
    """
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as error:
        line = head.count(NEWLINE, 0, error.start) + 1
        raise InvalidManifest(
            f"Line {line} of the manifest is not UTF-8: {error.reason}. {InvalidManifest.hint}"
        ) from error
    if b"\0" in head:
        raise InvalidManifest(f"The manifest is UTF-16, or no text at all. {InvalidManifest.hint}")
    try:
        next(read_chunks([head], kind, {}, columns))
    except InvalidRequest as error:
        raise InvalidManifest(error.message) from error
