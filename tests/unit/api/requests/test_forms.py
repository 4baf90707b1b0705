"""Multipart forms, pulled: the same whatever the pieces they arrive in."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.requests.forms import MAX_FIELD_BYTES, MAX_FIELDS, Form, boundary_of, read_events
from tests.fixtures.multipart import body
from worker.errors import InvalidRequest


def form(whole: bytes, piece: int = 1 << 16) -> Form:
    pieces = (whole[start : start + piece] for start in range(0, len(whole), piece))
    return Form(read_events(pieces, b"xx"))


@given(st.binary(max_size=300), st.integers(1, 50))
def test_a_form_reads_the_same_in_any_pieces(data: bytes, piece: int) -> None:
    read = form(body(("a", None, b"1"), ("file", "x.wav", data), ("b", None, b"2")), piece)
    assert read.read_fields()
    assert read.fields == {"a": "1"}
    assert b"".join(read.file()) == data
    assert not read.read_fields()
    assert (read.fields, read.filename) == ({"a": "1", "b": "2"}, "x.wav")


def test_the_file_is_read_no_faster_than_it_is_taken() -> None:
    whole = body(("file", "x.wav", bytes(100_000)))
    taken = []

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(whole), 1000):
            taken.append(start)
            yield whole[start : start + 1000]

    read = Form(read_events(pieces(), b"xx"))
    assert read.read_fields()
    next(read.file())
    assert len(taken) <= 2


def test_a_file_part_without_a_name_is_a_file_still() -> None:
    read = form(body(("file", None, b"data")))
    assert read.read_fields()
    assert read.filename == ""


def test_the_closing_boundary_may_be_the_end_of_it() -> None:
    assert not form(body(("a", None, b"1"), end=b"--")).read_fields()


@pytest.mark.parametrize(
    ("whole", "named"),
    [
        (b"", "closing boundary"),
        (b"nonsense", "form"),
        (body(("a", None, b"1"), end=b""), "closing boundary"),
        (body(("a", None, b"1"))[:-20], "ends"),
        (body(("a", None, b"x" * (MAX_FIELD_BYTES + 1))), "longer"),
        (body(*((f"f{number}", None, b"") for number in range(MAX_FIELDS + 1))), "more than"),
        (b"--xx\r\nContent-Type: text/plain\r\n\r\n1\r\n--xx--\r\n", "no name"),
    ],
)
def test_what_is_no_form_is_refused(whole: bytes, named: str) -> None:
    with pytest.raises(InvalidRequest, match=named):
        form(whole).read_fields()


def test_a_form_that_breaks_off_within_the_file_is_refused() -> None:
    read = form(body(("file", "x.wav", bytes(1000)))[:500])
    read.read_fields()
    with pytest.raises(InvalidRequest, match="closing boundary"):
        list(read.file())


@pytest.mark.parametrize("header", ["multipart/form-data", "", "multipart/form-data; boundary="])
def test_a_form_needs_a_boundary(header: str) -> None:
    with pytest.raises(InvalidRequest, match="boundary"):
        boundary_of(header)


def test_a_boundary_out_of_all_measure_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        next(read_events([b"x"], b"b" * 10_000))
