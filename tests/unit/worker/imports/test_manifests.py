"""Manifests are read a chunk at a time, and a line that cannot be used spoils no other."""

import hashlib
from collections.abc import Iterator

import pytest

from worker.errors import InvalidRequest
from worker.imports import manifests
from worker.imports.manifests import CSV, LINES, MAX_LINE_BYTES, ManifestChunk, is_manifest, read_chunks, split_lines

JSON = LINES[0]
COLUMNS = ("url", "external_id", "labels", "lane", "archive")


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "CHUNK_ROWS", 2)


def chunks(text: str, kind: str = JSON, **shared: str) -> list[ManifestChunk]:
    return list(read_chunks(pieces(text.encode()), kind, shared, COLUMNS))


def pieces(body: bytes, size: int = 7) -> Iterator[bytes]:
    """As a network may cut it."""
    return (body[at : at + size] for at in range(0, len(body), size))


def rows(text: str, kind: str = JSON, **shared: str) -> list[tuple[int, object]]:
    read = [row for chunk in chunks(text, kind, **shared) for row in chunk.rows]
    return [(row.line, row.fields.code if isinstance(row.fields, InvalidRequest) else row.fields) for row in read]


def test_a_line_is_an_object_or_a_url_and_has_the_shared_options() -> None:
    shown = rows('{"url": "a", "lane": "bulk"}\n"b"\r\n', lane="normal", archive="x")
    assert shown == [
        (1, {"url": "a", "lane": "bulk", "archive": "x"}),
        (2, {"url": "b", "lane": "normal", "archive": "x"}),
    ]


def test_empty_lines_are_no_rows_but_count_as_lines() -> None:
    assert [line for line, _ in rows('\n"a"\n  \n\n"b"')] == [2, 5]


@pytest.mark.parametrize("bad", ["{broken", "17", "[1]", '"\ud800'.encode("utf-8", "surrogatepass").decode("latin-1")])
def test_a_line_that_is_no_submission_is_refused_alone(bad: str) -> None:
    assert rows(f'"a"\n{bad}\n"b"') == [(1, {"url": "a"}), (2, "invalid_request"), (3, {"url": "b"})]


def test_a_line_that_never_ends_is_refused_and_not_held() -> None:
    endless = (b"x" * 100_000 for _ in range(50))
    (line,) = split_lines(endless)
    assert MAX_LINE_BYTES < len(line) <= MAX_LINE_BYTES + 1
    assert rows("x" * (MAX_LINE_BYTES + 9) + '\n"b"')[:2] == [(1, "invalid_request"), (2, {"url": "b"})]


def test_chunks_have_so_many_rows_and_the_last_one_ends_with_the_last_line() -> None:
    text = '"a"\n"b"\n"c"\n\n'
    read = chunks(text)
    assert [(chunk.first_line, chunk.last_line, len(chunk.rows)) for chunk in read] == [(1, 2, 2), (3, 4, 1)]
    assert read[0].sha256 == hashlib.sha256(b'"a"\n"b"\n').hexdigest()
    assert read[1].sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(("text", "lines"), [("", [0]), ("\n\n", [2]), ('"a"\n"b"', [2, 2])])
def test_there_is_always_a_last_chunk(text: str, lines: list[int]) -> None:
    assert [chunk.last_line for chunk in chunks(text)] == lines


def test_csv_has_its_columns_from_the_first_line_and_a_row_a_line() -> None:
    text = '\ufeffurl,external_id,labels\r\na,"x, y","team=north,year=2026"\r\nb\n\nc,"never closed\nd,,\ne,1,2,3\n'
    assert rows(text, CSV) == [
        (2, {"url": "a", "external_id": "x, y", "labels": "team=north,year=2026"}),
        (3, {"url": "b"}),
        (5, "invalid_request"),
        (6, {"url": "d"}),
        (7, "invalid_request"),
    ]


@pytest.mark.parametrize("header", ["", "external_id", "url,colour", "http://a.example/1.wav"])
def test_csv_without_named_columns_is_refused_as_a_whole(header: str) -> None:
    with pytest.raises(InvalidRequest, match="first line"):
        chunks(f"{header}\nhttp://a.example/2.wav", CSV)


@pytest.mark.parametrize(
    ("content_type", "expected"), [(f"{JSON}; charset=utf-8", True), ("Text/CSV", True), ("", False)]
)
def test_a_manifest_is_told_by_its_content_type(content_type: str, expected: bool) -> None:  # a parameter
    assert is_manifest(content_type) is expected
