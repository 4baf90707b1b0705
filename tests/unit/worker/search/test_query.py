"""What a line of a query asks for, and how it is refused."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import InvalidRequest
from worker.search.query import MAX_CHARACTERS, Term, as_fts5, as_tsquery, parse


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
    table = sqlite3.connect(":memory:")
    table.execute("CREATE VIRTUAL TABLE t USING fts5(words, tokenize='ascii')")
    try:
        terms = parse(query)
    except InvalidRequest:
        return
    assert table.execute("SELECT rowid FROM t WHERE t MATCH ?", [as_fts5(terms)]).fetchall() == []
    table.close()
