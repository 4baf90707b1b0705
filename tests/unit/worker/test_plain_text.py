"""Signs that steer a terminal: what is stored has none, what is shown sends none."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.plain_text import cell_text, harmless_cell, shown_line, shown_text, without_controls

DIRECTIONS = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
MARKS = "\u061c\u200e\u200f"


def steers(sign: str) -> bool:
    """By Unicode's own properties, not by our lists."""
    control = unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t"
    return control or unicodedata.bidirectional(sign) in DIRECTIONS or sign in MARKS


EVERY_SIGN = "".join(map(chr, range(0x110000)))


def test_nothing_that_is_shown_steers_whatever_the_sign() -> None:
    assert [sign for sign in shown_text(EVERY_SIGN) if steers(sign)] == []
    assert "\n" not in shown_line(EVERY_SIGN)


def test_everything_else_is_shown_as_it_is() -> None:
    plain = "".join(sign for sign in EVERY_SIGN if not steers(sign))
    assert shown_text(plain) == plain
    assert shown_line(plain) == plain.replace("\n", "\\u000a")


@given(st.text())
def test_what_is_shown_again_stays_the_same(text: str) -> None:
    assert shown_line(shown_line(text)) == shown_line(text)


@given(st.text())
def test_in_json_the_escapes_are_read_back(text: str) -> None:
    assert json.loads(shown_line(json.dumps(text, ensure_ascii=False))) == text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("plain\ttext\nof two lines", "plain\ttext\nof two lines"),
        ("\x1b[2J\x1b]0;title\x07now", "[2J]0;titlenow"),
        ("a\r\nb\rc\x0bd\x85e\x00f\x7f\x9b31m", "a\nb c d ef31m"),
        ("\u202eright to left\u200f", "\u202eright to left\u200f"),
    ],
)
def test_a_text_is_stored_without_controls(given: str, kept: str) -> None:
    assert without_controls(given) == kept


def test_no_control_is_stored_whatever_the_sign() -> None:
    kept = without_controls(EVERY_SIGN)
    assert {sign for sign in kept if unicodedata.category(sign) == "Cc"} == {"\n", "\t"}


@given(st.text(alphabet="'\"=+-@\t\r ab", max_size=8))
def test_each_cell_of_a_table_is_read_back(text: str) -> None:
    assert cell_text(harmless_cell(text)) == text
    assert not harmless_cell(text).lstrip('"').startswith(tuple("=+-@\t\r"))


@pytest.mark.parametrize("text", ["", "Yes - no", "it's", "'tis", '"Good."', " =1", "5"])
def test_a_cell_that_nobody_runs_is_left_as_it_is(text: str) -> None:
    assert harmless_cell(text) == text
