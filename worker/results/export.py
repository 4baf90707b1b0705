"""A transcript as text, subtitles, or a table. Pure: the transcript's JSON in, a string out."""

import html
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pysubs2

from worker.plain_text import harmless_cell
from worker.results.cues import Cue, cues

TSV_COLUMNS = ("start_ms", "end_ms", "channel", "speaker", "language", "emotion", "text")


class Format(StrEnum):
    """What a transcript can be asked for as."""

    JSON = "json"
    TXT = "txt"
    SRT = "srt"
    VTT = "vtt"
    TSV = "tsv"


MEDIA_TYPES: dict[Format, str] = {
    Format.JSON: "application/json",
    Format.TXT: "text/plain",
    Format.SRT: "application/x-subrip",
    Format.VTT: "text/vtt",
    Format.TSV: "text/tab-separated-values",
}


@dataclass(frozen=True)
class _Row:
    channel: int
    start_ms: int
    end_ms: int
    text: str
    language: str = ""
    emotion: str = ""
    speaker: str = ""


def export(transcript: Mapping[str, Any], form: Format) -> str:
    """The transcript in a format; parts that the service refused stand in their place as ``[gap: code]``."""
    return _WRITERS[form](transcript)


def _as_json(transcript: Mapping[str, Any]) -> str:
    return json.dumps(transcript, ensure_ascii=False, indent=2) + "\n"


def _as_txt(transcript: Mapping[str, Any]) -> str:
    rows = [row for row in _rows(transcript) if row.text]
    named = _has_channels(rows)
    return "\n\n".join(f"{_speaker(row)}: {row.text}" if named else row.text for row in rows) + ("\n" if rows else "")


def _as_srt(transcript: Mapping[str, Any]) -> str:
    rows = list(_rows(transcript))
    named = _has_channels(rows)
    return _subtitles(rows, "srt", lambda row, text: f"{_speaker(row)}: {text}" if named else text)


def _as_vtt(transcript: Mapping[str, Any]) -> str:
    rows = list(_rows(transcript))
    named = _has_channels(rows)
    return _subtitles(rows, "vtt", lambda row, text: (_voice(row) if named else "") + _plain(text))


def _as_tsv(transcript: Mapping[str, Any]) -> str:
    lines = ["\t".join(TSV_COLUMNS)]
    lines += ["\t".join(_cell(getattr(row, name)) for name in TSV_COLUMNS) for row in _rows(transcript)]
    return "\n".join(lines) + "\n"


def _cell(value: str | int) -> str:
    return harmless_cell(" ".join(value.split())) if isinstance(value, str) else str(value)


_WRITERS: dict[Format, Callable[[Mapping[str, Any]], str]] = {
    Format.JSON: _as_json,
    Format.TXT: _as_txt,
    Format.SRT: _as_srt,
    Format.VTT: _as_vtt,
    Format.TSV: _as_tsv,
}


def _rows(transcript: Mapping[str, Any]) -> list[_Row]:
    """Segments and gaps in order of start."""
    rows = [*map(_segment, transcript["segments"]), *map(_gap, transcript["gaps"])]
    return sorted(rows, key=lambda row: (row.start_ms, row.channel))


def _segment(fields: Mapping[str, Any]) -> _Row:
    return _Row(
        channel=fields["channel"],
        start_ms=fields["start_ms"],
        end_ms=fields["end_ms"],
        text=" ".join(fields["text"].split()),
        language=fields["language"] or "",
        emotion=fields["emotion"] or "",
        speaker=fields.get("speaker") or "",
    )


def _gap(fields: Mapping[str, Any]) -> _Row:
    place = (fields["channel"], fields["start_ms"], fields["end_ms"])
    return _Row(*place, f"[gap: {fields['code']}]", speaker=fields.get("speaker") or "")


def _has_channels(rows: list[_Row]) -> bool:
    """Whether it must be said who speaks: where there are several, and where one has a name."""
    return len({row.channel for row in rows}) > 1 or any(row.speaker for row in rows)


def _speaker(row: _Row) -> str:
    """The channel's label, or its number: people count from one."""
    return row.speaker or f"Channel {row.channel + 1}"


def _voice(row: _Row) -> str:
    return f"<v {_plain(_speaker(row))}>"


def _plain(text: str) -> str:
    """WebVTT reads `<` and `&` as markup (W3C WebVTT, 4.2.2)."""
    return html.escape(text, quote=False)


def _subtitles(rows: list[_Row], form: str, render: Callable[[_Row, str], str]) -> str:
    subtitles = pysubs2.SSAFile()
    for row, cue in sorted(_cues(rows), key=lambda pair: pair[1].start_ms):
        text = render(row, "\n".join(cue.lines))
        subtitles.append(pysubs2.SSAEvent(start=cue.start_ms, end=cue.end_ms, text=_literal(text)))
    return subtitles.to_string(form, keep_ssa_tags=True)


def _literal(text: str) -> str:
    r"""pysubs2 reads `\N` and `\h` as its own: an invisible word joiner keeps them apart."""
    return text.replace("\\", "\\\u2060")


def _cues(rows: list[_Row]) -> Iterator[tuple[_Row, Cue]]:
    for row in rows:
        for cue in cues(row.text, row.start_ms, row.end_ms):
            yield row, cue
