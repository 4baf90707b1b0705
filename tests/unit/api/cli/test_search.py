"""What a person sees of a hit."""

from api.cli.search import HIGHLIGHT, highlighted, plain

SNIPPET = "a &lt;b&gt; <mark>don&#x27;t</mark> &amp; <mark>mark</mark>"


def test_a_snippet_is_shown_as_it_was_said() -> None:
    assert plain(SNIPPET) == "a <b> don't & mark"


def test_matches_stand_out_on_a_terminal_and_nothing_else_does() -> None:
    shown = highlighted(SNIPPET)
    assert shown.plain == "a <b> don't & mark"
    assert [shown.plain[span.start : span.end] for span in shown.spans if span.style == HIGHLIGHT] == ["don't", "mark"]
