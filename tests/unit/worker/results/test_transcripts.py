"""Assembling a transcript from segments: order, joining, gaps, and who answered."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.results.transcripts import SegmentAnswer, assemble, join_texts
from worker.states import SegmentState


def _said(start_ms: int, text: str, channel: int = 0, model: str = "m", language: str | None = "en") -> SegmentAnswer:
    return SegmentAnswer(
        channel=channel,
        start_ms=start_ms,
        end_ms=start_ms + 1000,
        state=SegmentState.ANSWERED,
        sent_ms=1000,
        text=text,
        language=language,
        emotion="neutral",
        model=model,
    )


def test_segments_stand_in_order_of_start_then_channel() -> None:
    rows = [_said(2000, "c"), _said(0, "b", channel=1), _said(0, "a", channel=0)]
    made = assemble(rows)
    assert [(segment["start_ms"], segment["channel"]) for segment in made.segments] == [(0, 0), (0, 1), (2000, 0)]
    assert made.text == "a b c"


def test_segment_has_the_fields_of_the_transcript_format() -> None:
    assert assemble([_said(0, "hello")]).segments == [
        {
            "channel": 0,
            "speaker": None,
            "start_ms": 0,
            "end_ms": 1000,
            "text": "hello",
            "language": "en",
            "emotion": "neutral",
            "flags": [],
        }
    ]


def test_partial_transcript_leaves_out_what_is_pending() -> None:
    pending = SegmentAnswer(channel=0, start_ms=1000, end_ms=2000, state=SegmentState.PENDING, sent_ms=400)
    made = assemble([_said(0, "hello"), pending])
    assert (made.text, len(made.segments), made.gaps, made.sent_ms) == ("hello", 1, [], 1400)


def test_gap_is_listed_with_its_times_and_code() -> None:
    gap = SegmentAnswer(
        channel=1,
        start_ms=5,
        end_ms=9,
        state=SegmentState.GAP,
        gap_code="content_refused",
        gap_message="No.",
    )
    made = assemble([gap])
    place = {"channel": 1, "speaker": None, "start_ms": 5, "end_ms": 9}
    assert made.gaps == [{**place, "code": "content_refused", "message": "No."}]
    assert (made.text, made.segments, made.model, made.language) == ("", [], None, None)


def test_a_channel_s_label_is_who_speaks_in_its_segments_and_gaps() -> None:
    gap = SegmentAnswer(channel=1, start_ms=2000, end_ms=3000, state=SegmentState.GAP, gap_code="x")
    made = assemble([_said(0, "hello"), replace(_said(1000, "hi"), channel=1), gap], {"1": "customer"})
    assert [segment["speaker"] for segment in made.segments] == [None, "customer"]
    assert made.gaps[0]["speaker"] == "customer"


def test_model_and_language_are_those_of_most_answers() -> None:
    rows = [_said(0, "a", model="old"), _said(1000, "b", model="new"), _said(2000, "c", model="new", language="de")]
    made = assemble(rows)
    assert (made.model, made.language) == ("new", "en")


def test_language_of_a_segment_without_words_does_not_count() -> None:
    rows = [_said(0, "", language="zh"), _said(1000, "", language="zh"), _said(2000, "hi", language="en")]
    assert assemble(rows).language == "en"


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (["one", "two"], "one two"),
        ([" one ", "", "  ", "two"], "one two"),
        (["你好。", "世界"], "你好。世界"),
        (["こんにちは", "カタカナ"], "こんにちはカタカナ"),
        (["你好", "world"], "你好 world"),
        (["안녕", "세계"], "안녕 세계"),
        (["สวัสดี", "โลก"], "สวัสดี โลก"),
        ([], ""),
    ],
)
def test_texts_are_joined_as_their_script_is_written(texts: list[str], joined: str) -> None:
    assert join_texts(texts) == joined


@given(st.lists(st.text(alphabet="abc 你好。", max_size=6), max_size=6))
def test_joining_loses_and_adds_no_character_but_spaces(texts: list[str]) -> None:
    assert join_texts(texts).replace(" ", "") == "".join(texts).replace(" ", "")
