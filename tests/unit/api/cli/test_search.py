"""What a person sees of a hit."""

import pytest

from api.cli.search import HIGHLIGHT, clock, highlighted, plain

SNIPPET = "a &lt;b&gt; <mark>don&#x27;t</mark> &amp; <mark>mark</mark>"


def test_a_snippet_is_shown_as_it_was_said() -> None:
    assert plain(SNIPPET) == "a <b> don't & mark"


def test_matches_stand_out_on_a_terminal_and_nothing_else_does() -> None:
    shown = highlighted(SNIPPET)
    assert shown.plain == "a <b> don't & mark"
    assert [shown.plain[span.start : span.end] for span in shown.spans if span.style == HIGHLIGHT] == ["don't", "mark"]


@pytest.mark.parametrize(("at_ms", "shown"), [(0, "0:00:00"), (61_999, "0:01:01"), (90_061_000, "25:01:01")])
def test_a_place_is_told_in_hours_minutes_and_seconds(at_ms: int, shown: str) -> None:
    assert clock(at_ms) == shown
