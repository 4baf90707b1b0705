"""Texts in runs: what is marked is what is counted."""

from hypothesis import given
from hypothesis import strategies as st

from worker.results.word_marks import marked

TEXTS = st.text(st.sampled_from("ab '’,.天気　İß"), max_size=20)


def different(runs: list[object]) -> list[str]:
    return [run.text for run in runs if run.different]  # type: ignore[attr-defined]  # a Run


def test_words_that_differ_are_marked_with_what_stands_between_them() -> None:
    old, new = marked("We meet on Thursday, at noon.", "we meet on Friday, or noon!")
    assert (different(list(old)), different(list(new))) == (["Thursday, at"], ["Friday, or"])


def test_case_and_punctuation_are_no_difference() -> None:
    old, new = marked("Don't go!", "dont, GO")
    assert (different(list(old)), different(list(new))) == ([], [])


def test_scripts_without_spaces_are_marked_by_characters() -> None:
    old, new = marked("今天天气很好", "今天天气不好")
    assert (different(list(old)), different(list(new))) == (["很"], ["不"])


@given(TEXTS, TEXTS)
def test_the_runs_joined_are_the_text(old: str, new: str) -> None:
    assert tuple("".join(run.text for run in runs) for runs in marked(old, new)) == (old, new)
