"""Transcripts that something else has made, read: the forms of `worker.results.export`, the other way round. Pure."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from worker.errors import InvalidRequest
from worker.plain_text import cell_text, without_controls
from worker.results.export import Format
from worker.results.subtitle_readers import read_cues
from worker.shapes.fields import short_errors
from worker.strict_json import read_json

# As `worker.results.export` names whoever speaks on a channel.
_CHANNEL = re.compile(r"Channel (\d{1,3}): ")
MOST_SEGMENTS = 200_000  # a day of them, two a second
MOST_COLUMNS = 100
LONGEST_MS = 10 * 366 * 24 * 3_600_000
Name = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Language = Annotated[str, StringConstraints(max_length=20, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$"), AfterValidator(without_controls)]
Ms = Annotated[int, Field(ge=0, le=LONGEST_MS)]


class ReadSegment(BaseModel):
    """A segment as a transcript keeps it; times are ms of the recording."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    channel: int = Field(0, ge=0, le=255)
    speaker: Name | None = None
    start_ms: Ms
    end_ms: Ms
    text: Text
    language: Language | None = None
    emotion: Name | None = None
    flags: Annotated[list[Name], FailFast(), Field(max_length=20)] = []

    @model_validator(mode="after")
    def _forwards(self) -> "ReadSegment":
        if self.end_ms < self.start_ms:
            raise ValueError("end_ms lies before start_ms")
        return self


def _counted(segments: object) -> object:
    if isinstance(segments, list) and len(segments) > MOST_SEGMENTS:
        raise ValueError(f"there may be {MOST_SEGMENTS} at most")
    return segments


class BroughtTranscript(BaseModel):
    """What a transcript says of itself; ``service`` and ``model`` are who made it, where that is known."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    segments: Annotated[list[ReadSegment], FailFast(), BeforeValidator(_counted)]
    language: Language | None = None
    service: Name | None = None
    model: Name | None = None
    timed: bool = True  # plain text is not: it is one segment

    def over(self, duration_ms: int | None) -> "BroughtTranscript":
        """The same, where it has no times as one segment over the whole recording, as far as its length is known."""
        if self.timed:
            return self
        whole = [segment.model_copy(update={"end_ms": duration_ms or 0}) for segment in self.segments]
        return self.model_copy(update={"segments": whole})


def read_transcript(text: str, form: Format) -> BroughtTranscript:
    """The transcript in a text. Raises InvalidRequest that names the place."""
    fields = _READERS[form](text.removeprefix("\ufeff"))
    return _checked({**fields, "timed": form is not Format.TXT})


def _checked(fields: Mapping[str, Any]) -> BroughtTranscript:
    try:
        brought = BroughtTranscript.model_validate(fields)
    except ValidationError as error:
        first = short_errors(error)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the transcript"
        raise InvalidRequest(f"{place}: {first['msg']}.") from error
    ordered = sorted(brought.segments, key=lambda segment: (segment.start_ms, segment.channel))
    return brought.model_copy(update={"segments": ordered})


def _from_json(text: str) -> dict[str, Any]:
    try:
        fields = read_json(text)
    except ValueError as error:
        raise InvalidRequest(f"The transcript is no JSON: {error}.") from error
    if not isinstance(fields, dict):
        raise InvalidRequest("The transcript must be a JSON object with segments.")
    return fields


def _from_txt(text: str) -> dict[str, Any]:
    return {"segments": [{"start_ms": 0, "end_ms": 0, "text": " ".join(text.split())}]}


def _from_tsv(text: str) -> dict[str, Any]:
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        columns = rows.fieldnames or ()
        missing = {"start_ms", "end_ms", "text"} - set(columns)
        if missing or len(columns) > MOST_COLUMNS:  # each row would have as many, be they empty
            gone = f"there is no {', '.join(sorted(missing))}" if missing else f"there are more than {MOST_COLUMNS}"
            raise InvalidRequest(f"The first line must name the columns; {gone}.")
        few = islice(rows, MOST_SEGMENTS + 1)
        named = ({name: cell_text(value) for name, value in row.items() if name and value} for row in few)
        return {"segments": [{"text": "", **row} for row in named]}
    except csv.Error as error:
        raise InvalidRequest(f"Line {rows.line_num + 1} of the transcript is no TSV: {error}.") from error


def _from_srt(text: str) -> dict[str, Any]:
    return {"segments": list(_cues(text, "srt"))}


def _from_vtt(text: str) -> dict[str, Any]:
    return {"segments": list(_cues(text, "vtt"))}


_READERS: dict[Format, Callable[[str], dict[str, Any]]] = {
    Format.JSON: _from_json,
    Format.TXT: _from_txt,
    Format.TSV: _from_tsv,
    Format.SRT: _from_srt,
    Format.VTT: _from_vtt,
}


def _cues(text: str, form: str) -> Iterator[dict[str, Any]]:
    for cue in read_cues(text, form):
        said = cue.text
        channel = _CHANNEL.match(said)
        yield {
            "start_ms": cue.start_ms,
            "end_ms": cue.end_ms,
            "channel": int(channel[1]) - 1 if channel else 0,
            "text": said[channel.end() if channel else 0 :],
        }
