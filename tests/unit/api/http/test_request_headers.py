"""Headers that ask for something: Prefer, If-None-Match, Accept."""

import pytest

from api.http.request_headers import MAX_WAIT_S, chosen_format, etag, matches, wait_s
from worker.errors import InvalidRequest
from worker.results.export import Format


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        (None, 0),
        ("respond-async", 0),
        ("wait=30", 30),
        ("respond-async, wait=5", 5),
        ('Wait="7"', 7),
        ("wait = 8", 8),
        ("await=9", 0),
        ("wait=99999", MAX_WAIT_S),
        ("wait=soon", 0),
    ],
)
def test_a_wait_is_read_and_bounded(prefer: str | None, expected: float) -> None:
    assert wait_s(prefer) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [(None, False), ("", False), ('W/"5"', True), ('"5"', True), ('"4", W/"5"', True), ("*", True), ('W/"55"', False)],
)
def test_tags_are_compared_weakly(header: str | None, expected: bool) -> None:
    assert matches(header, etag(5)) is expected


@pytest.mark.parametrize(
    ("asked", "accept", "expected"),
    [
        (None, None, Format.JSON),
        ("srt", "application/json", Format.SRT),
        ("SRT", None, Format.SRT),
        (None, "text/vtt", Format.VTT),
        (None, "application/json;q=0.1, text/tab-separated-values", Format.TSV),
        (None, "text/html,application/xhtml+xml,*/*;q=0.8", Format.JSON),
        (None, "text/*", Format.TXT),
        (None, "image/png", Format.JSON),
        (None, ";;q=x,,", Format.JSON),
    ],
)
def test_a_form_is_chosen_by_name_then_by_media_type(asked: str | None, accept: str | None, expected: Format) -> None:
    assert chosen_format(asked, accept) is expected


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="docx"):
        chosen_format("docx", None)
