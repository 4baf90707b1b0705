"""What is shown of a hit."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.search.query import parse
from worker.search.snippets import LONGEST, snippet

FILLER = "and then they talked about something else "


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("I want a Refund now.", "refund", "I want a <mark>Refund</mark> now."),
        ("See you next week.", '"next week"', "See you <mark>next week</mark>."),
        ("week next week", '"next week"', "week <mark>next week</mark>"),
        ("今天天气很好。", "天气", "今天<mark>天气</mark>很好。"),
        ("Die Straße in Köln", "strasse koln", "Die <mark>Straße</mark> in <mark>Köln</mark>"),
        ("Wetterbericht", "wetter*", "<mark>Wetterbericht</mark>"),
        ("paid, no refund", "paid -invoice", "<mark>paid</mark>, no refund"),
        ("a <b>bold</b> & free word", "bold", "a &lt;b&gt;<mark>bold</mark>&lt;/b&gt; &amp; free word"),
        ("<mark> is a word", "word", "&lt;mark&gt; is a <mark>word</mark>"),
        ("don't", "don't", "<mark>don&#x27;t</mark>"),
    ],
)
def test_matches_are_marked_and_the_rest_is_escaped(text: str, query: str, shown: str) -> None:
    assert snippet(text, parse(query)) == shown


def test_of_a_long_text_the_part_around_the_first_match_is_shown() -> None:
    shown = snippet(FILLER * 20 + "refund " + FILLER * 20, parse("refund"))
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert "<mark>refund</mark>" in shown
    assert len(shown) < LONGEST + 30


def test_the_beginning_and_the_end_of_a_long_text_are_shown_as_such() -> None:
    assert snippet("refund " + FILLER * 20, parse("refund")).startswith("<mark>refund</mark> and")
    assert snippet(FILLER * 20 + "refund.", parse("refund")).endswith("<mark>refund</mark>.")


@given(st.text(max_size=600), st.sampled_from(["a", "天", "ab*", '"a b"', "a -b"]))
def test_nothing_but_the_marks_is_html(text: str, query: str) -> None:
    shown = snippet(text, parse(query))
    bare = html.unescape(re.sub("</?mark>", "", shown)).strip("…")
    assert "<" not in re.sub("</?mark>", "", shown)
    assert bare in text
