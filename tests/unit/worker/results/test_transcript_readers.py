"""Transcripts of others, read: what our own forms say is read back, and what is none is told with its place."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import InvalidRequest
from worker.results.export import Format, export
from worker.results.transcript_readers import read_transcript

WORDS = st.text(alphabet="abcäß中<>&\\'é-=+@\"", min_size=1, max_size=12)


def segment(start_ms: int, end_ms: int, text: str, channel: int = 0) -> dict[str, Any]:
    place = {"channel": channel, "speaker": None, "start_ms": start_ms, "end_ms": end_ms}
    return {**place, "text": text, "language": "en", "emotion": None, "flags": []}


def transcript(*segments: dict[str, Any]) -> dict[str, Any]:
    said = {"text": " ".join(one["text"] for one in segments), "segments": list(segments), "gaps": []}
    return {"service": "s", "model": "m", "language": "en", **said}


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_the_lossless_form_comes_back_as_it_was(texts: list[str]) -> None:
    made = transcript(*(segment(1000 * at, 1000 * at + 900, text, at % 2) for at, text in enumerate(texts)))
    read = read_transcript(export(made, Format.JSON), Format.JSON)

    assert [one.model_dump() for one in read.segments] == made["segments"]
    assert (read.service, read.model, read.language) == ("s", "m", "en")


@pytest.mark.parametrize("form", [Format.SRT, Format.VTT, Format.TSV])
@given(texts=st.lists(WORDS, min_size=1, max_size=5))
def test_our_own_forms_are_read_back(form: Format, texts: list[str]) -> None:
    if form is Format.SRT:
        texts = [text.replace("<", "(") for text in texts]  # SubRip cannot tell a word in angle brackets from markup
    made = [segment(1000 * at, 1000 * at + 900, text, at % 2) for at, text in enumerate(texts)]
    read = read_transcript(export(transcript(*made), form), form)

    found = [(one.channel, one.start_ms, one.end_ms, one.text) for one in read.segments]
    assert found == [(one["channel"], one["start_ms"], one["end_ms"], one["text"]) for one in made]


def test_plain_text_is_one_segment_over_the_recording() -> None:
    [only] = read_transcript("Good morning.\n\nHow are you?\n", Format.TXT).over(9000).segments
    assert (only.start_ms, only.end_ms, only.text) == (0, 9000, "Good morning. How are you?")


def test_segments_are_put_in_order() -> None:
    made = {"segments": [segment(2000, 3000, "two"), segment(0, 1000, "one")]}
    assert [one.text for one in read_transcript(json.dumps(made), Format.JSON).segments] == ["one", "two"]


def test_subtitles_of_others_are_read() -> None:
    text = "\ufeffWEBVTT\n\nNOTE by hand\n\nintro\n00:01.000 --> 00:02.500 align:start\n<i>Ladies</i> &amp; gentlemen\n"
    [only] = read_transcript(text, Format.VTT).segments
    assert (only.start_ms, only.end_ms, only.text) == (1000, 2500, "Ladies & gentlemen")


@pytest.mark.parametrize(
    ("form", "text", "place"),
    [
        (Format.JSON, "{", "no JSON"),
        (Format.JSON, "[]", "object"),
        (Format.JSON, "{}", "segments"),
        (Format.JSON, '{"segments": [{"start_ms": 5, "end_ms": 1, "text": ""}]}', "segments.0"),
        (Format.JSON, '{"segments": [{"start_ms": 0, "end_ms": 1}]}', "segments.0.text"),
        (Format.JSON, '{"segments": [{"start_ms": -1, "end_ms": 1, "text": ""}]}', "segments.0.start_ms"),
        (Format.TSV, "start\tend\ttext\n0\t1\ta\n", "end_ms, start_ms"),
        (Format.TSV, "start_ms\tend_ms\ttext\n0\tsoon\ta\n", "segments.0.end_ms"),
        (Format.SRT, "Dear reader,", "not one cue"),
        (Format.VTT, "", "not one cue"),
    ],
)
def test_what_is_none_is_told_with_its_place(form: Format, text: str, place: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_transcript(text, form)
    assert place in caught.value.message
