"""Subtitle cues: widths, breaks and times."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from worker.results.cues import CUE_LINES, CUE_WIDTH, LINE_WIDTH, cues, fold, width

LONG = "This is a sentence of some length that nobody would want to read in one go. " * 4


def test_a_short_text_is_one_cue_over_its_whole_span() -> None:
    (cue,) = cues("Good morning.", 500, 1700)
    assert (cue.start_ms, cue.end_ms, cue.lines) == (500, 1700, ("Good morning.",))


def test_blanks_give_no_cue() -> None:
    assert cues(" \n ", 0, 1000) == []


def test_a_long_text_is_cut_at_the_ends_of_sentences() -> None:
    made = cues(LONG, 0, 20_000)
    assert len(made) == 4
    assert all(" ".join(cue.lines).endswith("in one go.") for cue in made)


def test_short_sentences_share_a_cue() -> None:
    assert len(cues("Yes. No. Perhaps. I do not know.", 0, 4000)) == 1


def test_cues_follow_one_another_without_a_hole() -> None:
    made = cues(LONG, 1000, 21_000)
    assert made[0].start_ms == 1000
    assert made[-1].end_ms == 21_000
    assert all(left.end_ms == right.start_ms for left, right in itertools.pairwise(made))


def test_two_lines_are_of_about_the_same_width() -> None:
    first, second = fold("the quick brown fox jumps over the lazy dog and runs")
    assert abs(width(first) - width(second)) <= 8


def test_wide_scripts_count_twice_and_break_between_signs() -> None:
    made = cues("今天天气很好，我们去公园散步吧。" * 5, 0, 20_000)
    assert len(made) > 1
    assert all(not line.startswith(("，", "。")) for cue in made for line in cue.lines)


def test_a_word_wider_than_a_line_is_broken() -> None:
    assert all(width(line) <= LINE_WIDTH for line in fold("a" * 100))


def test_a_long_sentence_is_cut_into_parts_of_two_lines_each() -> None:
    made = cues(
        "and we lived in a small house near the water " + "every morning he walked to the station " * 6, 0, 9000
    )
    assert {len(cue.lines) for cue in made} == {2}
    widths = [width(" ".join(cue.lines)) for cue in made]
    assert max(widths) - min(widths) < 20


@given(st.text(max_size=400))
def test_nothing_said_is_lost_and_no_cue_is_too_wide(text: str) -> None:
    made = cues(text, 0, 10_000)
    said = "".join("".join(cue.lines) for cue in made)
    assert "".join(said.split()) == "".join(text.split())
    for cue in made:
        assert len(cue.lines) <= CUE_LINES
        assert all(width(line) <= LINE_WIDTH for line in cue.lines)
        assert cue.end_ms >= cue.start_ms
        assert width(" ".join(cue.lines)) <= CUE_WIDTH + CUE_LINES
