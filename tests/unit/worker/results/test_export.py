"""Every format of a transcript, read back with another reader where there is one."""

import json
from typing import Any

import pysubs2
import pytest

from worker.results.export import MEDIA_TYPES, Format, export


def segment(text: str, start_ms: int = 0, end_ms: int = 1000, channel: int = 0) -> dict[str, Any]:
    return {
        "channel": channel,
        "start_ms": start_ms,
        "end_ms": end_ms,
        "text": text,
        "language": "en",
        "emotion": None,
        "flags": [],
    }


def transcript(*segments: dict[str, Any], gaps: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"recording": "r", "job": "j", "text": "", "segments": list(segments), "gaps": gaps or []}


GAP = {"channel": 0, "start_ms": 1000, "end_ms": 2000, "code": "content_refused", "message": "No."}


def test_text_has_a_paragraph_for_each_segment() -> None:
    assert export(transcript(segment("One."), segment("Two.", 1000, 2000)), Format.TXT) == "One.\n\nTwo.\n"


def test_text_names_the_channels_where_there_are_several() -> None:
    text = export(transcript(segment("Hello."), segment("Hi.", 500, 900, channel=1)), Format.TXT)
    assert text == "Channel 1: Hello.\n\nChannel 2: Hi.\n"


def test_a_channel_s_label_is_the_name_of_who_speaks() -> None:
    agent = {**segment("Hello."), "speaker": "agent"}
    call = transcript(agent, segment("Hi.", 500, 900, channel=1), gaps=[{**GAP, "speaker": "agent"}])
    assert export(call, Format.TXT) == "agent: Hello.\n\nChannel 2: Hi.\n\nagent: [gap: content_refused]\n"
    assert "agent: Hello." in export(call, Format.SRT)
    assert "<v agent>Hello." in export(call, Format.VTT)
    assert "0\t1000\t0\tagent\ten" in export(call, Format.TSV)


def test_a_label_is_shown_also_where_only_one_channel_speaks() -> None:
    assert export(transcript({**segment("Hello."), "speaker": "agent"}), Format.TXT) == "agent: Hello.\n"


def test_a_label_from_elsewhere_cannot_be_markup() -> None:
    text = export(transcript({**segment("Hello."), "speaker": "a>b"}), Format.VTT)
    assert "<v a&gt;b>Hello." in text


@pytest.mark.parametrize("form", [Format.TXT, Format.SRT, Format.VTT, Format.TSV])
def test_a_gap_stands_in_its_place(form: Format) -> None:
    text = export(transcript(segment("One."), segment("Two.", 2000, 3000), gaps=[GAP]), form)
    assert text.index("One.") < text.index("[gap: content_refused]") < text.index("Two.")


def test_an_empty_transcript_is_an_empty_text_and_an_empty_subtitle_file() -> None:
    assert export(transcript(), Format.TXT) == ""
    assert export(transcript(), Format.SRT) == ""
    assert export(transcript(), Format.VTT).strip() == "WEBVTT"


def test_a_silent_segment_is_no_paragraph_and_no_cue() -> None:
    assert export(transcript(segment("  ")), Format.TXT) == ""
    assert export(transcript(segment("  ")), Format.SRT) == ""


@pytest.mark.parametrize("form", [Format.SRT, Format.VTT])
def test_subtitles_are_read_back_with_their_times(form: Format) -> None:
    read = pysubs2.SSAFile.from_string(export(transcript(segment("One."), segment("Two.", 3_600_000, 3_601_250)), form))
    assert [(event.start, event.end, event.text) for event in read] == [
        (0, 1000, "One."),
        (3_600_000, 3_601_250, "Two."),
    ]


def test_vtt_names_voices_and_escapes_markup() -> None:
    text = export(transcript(segment("a < b & c"), segment("Hi.", 0, 900, channel=1)), Format.VTT)
    assert "<v Channel 1>a &lt; b &amp; c" in text
    assert "<v Channel 2>Hi." in text


def test_braces_and_backslashes_survive_in_subtitles() -> None:
    text = export(transcript(segment(r"{\i1}so\Nit is")), Format.SRT)
    assert "{\\\u2060i1}so\\\u2060Nit is" in text


def test_a_long_segment_becomes_several_cues_in_order_among_channels() -> None:
    long = segment("Word after word after word, and so on and on it goes. " * 6, 0, 30_000)
    read = pysubs2.SSAFile.from_string(export(transcript(long, segment("Hm.", 12_000, 12_500, channel=1)), Format.SRT))
    starts = [event.start for event in read]
    assert len(starts) > 4
    assert starts == sorted(starts)


def test_a_table_has_one_line_for_each_row_whatever_the_text_holds() -> None:
    lines = export(transcript(segment("a\tb\nc")), Format.TSV).splitlines()
    assert lines == ["start_ms\tend_ms\tchannel\tspeaker\tlanguage\temotion\ttext", "0\t1000\t0\t\ten\t\ta b c"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '"=1+1"', "'=1", "＝1+1"])
def test_a_table_has_no_cell_that_a_spreadsheet_runs(text: str) -> None:
    row = export(transcript({**segment(text), "speaker": text}), Format.TSV).splitlines()[1]
    assert row.split("\t") == ["0", "1000", "0", f"'{text}", "en", "", f"'{text}"]


def test_json_is_the_transcript_itself_in_readable_signs() -> None:
    text = export(transcript(segment("日本語")), Format.JSON)
    assert "日本語" in text
    assert json.loads(text) == transcript(segment("日本語"))


def test_every_format_has_a_media_type() -> None:
    assert set(MEDIA_TYPES) == set(Format)
