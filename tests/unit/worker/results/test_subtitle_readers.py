"""Subtitles of others: their cues, and time that grows with their length however they are made."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.errors import InvalidRequest
from worker.results.export import Format
from worker.results.subtitle_readers import read_cues
from worker.results.transcript_readers import MOST_COLUMNS, MOST_SEGMENTS, read_transcript

BEGINNINGS = {"srt": "1\n00:00:01,000 --> 00:00:02,000\n", "vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\n"}
PIECES = ["<v.", "<v ", "<a", "{", "\\", "<", "&", "&#", "9", ">", "}", " ", "\n", "\n1", "--", "00:", "\u0301\u0316"]


@pytest.mark.parametrize("form", BEGINNINGS)
@settings(max_examples=40)
@given(unit=st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join))
def test_a_text_of_any_kind_is_read_at_once(form: str, unit: str) -> None:
    """Of 400 KB: where a pattern grew with its square, one of them took a minute and more."""
    [cue] = read_cues(BEGINNINGS[form] + unit * (400_000 // len(unit)), form)
    assert len(cue.text) <= 400_000


@pytest.mark.parametrize("form", BEGINNINGS)
@pytest.mark.parametrize("unit", ["<v.", "{\\", "<a", "&#9"])
def test_so_is_one_of_the_largest(form: str, unit: str) -> None:
    [cue] = read_cues(BEGINNINGS[form] + unit * (8_000_000 // len(unit)), form)
    assert cue.end_ms == 2000


def test_numbers_of_cues_are_no_text_and_numbers_that_are_said_are() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n00:00:02,000 --> 00:00:03,000\n\n3\n"
    text += "00:00:03,000 --> 00:00:04,500\nof\n1984\n"
    assert [cue.text for cue in read_cues(text, "srt")] == ["One", "", "of 1984"]


def test_markup_is_left_out_and_signs_are_unescaped() -> None:
    text = BEGINNINGS["vtt"] + "<v.loud Channel 2><i>Ladies</i> {\\an8}&amp;\\Ngentlemen, 1 < 2 &#" + "9" * 5000 + ";\n"
    [segment] = read_transcript(text, Format.VTT).segments
    assert (segment.channel, segment.text) == (1, "Ladies & gentlemen, 1 < 2 \ufffd;")


@pytest.mark.parametrize(
    ("form", "text", "why"),
    [
        (Format.JSON, '{"segments":[' + ",".join(["{}"] * (MOST_SEGMENTS + 1)) + "]}", "at most"),
        (Format.JSON, '{"segments":' + "[" * 500 + "]" * 500 + "}", "levels deep"),
        (Format.TSV, "start_ms\tend_ms\ttext" + "\tx" * MOST_COLUMNS + "\n", "columns"),
        (Format.TSV, "start_ms\tend_ms\ttext\n0\t1\t" + "x" * 200_000, "Line 2"),
    ],
)
def test_what_is_too_much_is_refused_with_a_sentence(form: Format, text: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        read_transcript(text, form)
