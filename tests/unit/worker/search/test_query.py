"""What a line of a query asks for, and how it is refused."""

import html
import re
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import InvalidRequest
from worker.search.query import LONGEST_SNIPPET, MAX_CHARACTERS, Term, as_fts5, as_tsquery, parse, snippet

FILLER = "and then they talked about something else "


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("Refund", [Term(words=("refund",))]),
        ("two words", [Term(words=("two",)), Term(words=("words",))]),
        ('"Next Week"', [Term(words=("next", "week"))]),
        ("„nächste Woche“", [Term(words=("nachste", "woche"))]),
        ("paid -refund", [Term(words=("paid",)), Term(words=("refund",), without=True)]),
        ('paid -"next week"', [Term(words=("paid",)), Term(words=("next", "week"), without=True)]),
        ("wetter*", [Term(words=("wetter",), begins=True)]),
        ('"good mor"*', [Term(words=("good", "mor"), begins=True)]),
        ("天气", [Term(words=("天", "气"))]),
        ("天气*", [Term(words=("天", "气"))]),
        ("don't", [Term(words=("don", "t"))]),
        ("e-mail", [Term(words=("e", "mail"))]),
        ("what - ever ?", [Term(words=("what",)), Term(words=("ever",))]),
    ],
)
def test_a_line_is_read(query: str, terms: list[Term]) -> None:
    assert list(parse(query)) == terms


@pytest.mark.parametrize(
    ("query", "because"),
    [
        ("", "at least one word"),
        ("?! ...", "at least one word"),
        ("-refund", "at least one word"),
        ('"not closed', "not closed"),
        ("*end", "only stand at the end"),
        ("mid*dle", "only stand at the end"),
        ("a*", "at least 2 letters"),
        ("x" * (MAX_CHARACTERS + 1), "at most"),
        ("天" * 65, "at most 64"),
    ],
)
def test_what_cannot_be_looked_for_is_refused_with_the_reason(query: str, because: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"^q: .*{because}"):
        parse(query)


def test_terms_are_written_for_each_database() -> None:
    terms = parse('paid "next week" -refund inv*')
    assert as_tsquery(terms) == "('paid') & ('next' <-> 'week') & !('refund') & ('inv':*)"
    assert as_fts5(terms) == '("paid" AND "next week" AND "inv"*) NOT "refund"'


@given(st.text(max_size=60))
def test_sqlite_takes_whatever_is_not_refused(query: str) -> None:
    try:
        terms = parse(query)
    except InvalidRequest:
        return
    with closing(sqlite3.connect(":memory:")) as table:
        table.execute("CREATE VIRTUAL TABLE t USING fts5(words, tokenize='ascii')")
        assert table.execute("SELECT rowid FROM t WHERE t MATCH ?", [as_fts5(terms)]).fetchall() == []


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
    assert len(shown) < LONGEST_SNIPPET + 30


def test_the_beginning_and_the_end_of_a_long_text_are_shown_as_such() -> None:
    assert snippet("refund " + FILLER * 20, parse("refund")).startswith("<mark>refund</mark> and")
    assert snippet(FILLER * 20 + "refund.", parse("refund")).endswith("<mark>refund</mark>.")


@given(st.text(max_size=600), st.sampled_from(["a", "天", "ab*", '"a b"', "a -b"]))
def test_nothing_but_the_marks_is_html(text: str, query: str) -> None:
    shown = snippet(text, parse(query))
    bare = html.unescape(re.sub("</?mark>", "", shown)).strip("…")
    assert "<" not in re.sub("</?mark>", "", shown)
    assert bare in text
