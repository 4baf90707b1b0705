"""Edits between texts: what counts, against what, and how they add up."""

from collections.abc import Iterator
from unittest.mock import patch

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.results import word_errors
from worker.results.word_errors import Edits, edits_between, marked

TEXTS = st.lists(st.sampled_from(["one", "two", "three", "四"]), max_size=8).map(" ".join)
MARKED_TEXTS = st.text(st.sampled_from("ab '’,.天気　İß"), max_size=20)


def test_substitutions_deletions_and_insertions_count() -> None:
    assert edits_between("One two three four.", "one too four five").count == 3
    assert edits_between("One two three.", "one too three") == Edits(substituted=1, words=3)
    assert edits_between("One, two.", "one TWO") == Edits(words=2)
    assert edits_between("One two.", "") == Edits(deleted=2, words=2)
    assert edits_between("", "one two") == Edits(inserted=2)


def test_rates_add_up_by_words_and_not_by_files() -> None:
    total = Edits(substituted=1, words=10) + Edits(words=90)
    assert total.rate == 0.01
    assert Edits().rate is None


@given(TEXTS, TEXTS)
def test_there_and_back_are_as_many_edits(one: str, other: str) -> None:
    there, back = edits_between(one, other), edits_between(other, one)
    assert there.count == back.count
    assert (there.inserted - there.deleted) == there_is_more(one, other)
    assert (there.count == 0) == (one.split() == other.split())


def there_is_more(one: str, other: str) -> int:
    return len(other.split()) - len(one.split())


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


@given(MARKED_TEXTS, MARKED_TEXTS)
def test_the_runs_joined_are_the_text(old: str, new: str) -> None:
    assert tuple("".join(run.text for run in runs) for runs in marked(old, new)) == (old, new)


@pytest.fixture(scope="module")
def _small_parts() -> Iterator[None]:
    with patch.object(word_errors, "LONGEST", 3):
        yield


@pytest.mark.usefixtures("_small_parts")
@given(TEXTS, TEXTS)
def test_in_parts_there_are_never_fewer_edits_than_as_a_whole(one: str, other: str) -> None:
    found = edits_between(one, other)
    with patch.object(word_errors, "LONGEST", 1000):
        fewest = edits_between(one, other)
    assert fewest.count <= found.count <= max(len(one.split()), len(other.split()))
    assert (found.words, found.inserted - found.deleted) == (fewest.words, fewest.inserted - fewest.deleted)


@pytest.mark.usefixtures("_small_parts")
@given(MARKED_TEXTS, MARKED_TEXTS)
def test_marked_in_parts_the_texts_are_whole(one: str, other: str) -> None:
    assert tuple("".join(run.text for run in runs) for runs in marked(one, other)) == (one, other)


def test_no_comparison_has_more_words_than_may_be_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    process = jiwer.process_words

    def counted(reference: str, other: str) -> jiwer.WordOutput:
        compared.append(max(len(reference.split()), len(other.split())))
        return process(reference, other)

    monkeypatch.setattr(jiwer, "process_words", counted)
    one, other = (" ".join(f"{sign}{number % 97}" for number in range(200_000)) for sign in "ab")
    assert edits_between(one, other) == Edits(substituted=200_000, words=200_000)
    assert max(compared) <= word_errors.LONGEST
    assert edits_between(f"{one} end", f"{one} and") == Edits(substituted=1, words=200_001)
