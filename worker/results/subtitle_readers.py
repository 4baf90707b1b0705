r"""SubRip and WebVTT read as plain cues, in time that grows with their length. Pure.

What a library's patterns make of `<v.<v.<v.` or `{{{{` grows with its square, and a text may have megabytes. Here each
line is looked at once, and a pattern begins nowhere where it could run on to the text's end in vain.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from worker.errors import InvalidRequest

_TIMES = {
    "srt": re.compile(r"(?:(\d{1,2}):)(\d{1,2}):(\d{1,2})[.,](\d{1,3})"),
    "vtt": re.compile(r"(?:(\d{1,4}):)?(\d{2}):(\d{2})\.(\d{2,3})"),
}
# WebVTT's voices, as `worker.results.export` writes them.
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+(Channel \d{1,3})>")
_BREAK = re.compile(r"\\[hnN]")  # of SubStation, which subtitles of others have
_NUMBER = re.compile(r"[ \t]*\d{1,9}\s*")
_ENTITY_DIGITS = re.compile("&#(?:[0-9]{9,}|[xX][0-9a-fA-F]{9,})")


@dataclass
class PlainCue:
    """What is said from when to when; ``lines`` as they stand there."""

    start_ms: int
    end_ms: int
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """In one line, without markup."""
        text = _VOICE.sub(r"\1: ", "\n".join(self.lines))
        text = _without(r"< *(?:/ *)?[a-zA-Z][^>]*>", ">", text)
        text = _BREAK.sub(" ", _without(r"\{[^}]*\}", "}", text))
        # More digits than a sign of Unicode has, which Python would read as a number first.
        text = html.unescape(_ENTITY_DIGITS.sub("\ufffd", text))
        return " ".join(text.replace("\\\u2060", "\\").split())


def read_cues(text: str, form: str) -> Iterator[PlainCue]:
    """Those of an ``srt`` or ``vtt``. Raises InvalidRequest where there is none."""
    found = list(_timed(text, _TIMES[form]))
    if not found:
        raise InvalidRequest(f"There is not one cue in the transcript: is it {form}?")
    for cue in found[:-1]:
        cue.lines = _without_next_number(cue.lines)
    yield from found


def _timed(text: str, times: re.Pattern[str]) -> Iterator[PlainCue]:
    """A cue for each line with two times, and the lines behind it."""
    cue: PlainCue | None = None
    for line in text.split("\n"):
        stamps = times.findall(line) if "-->" in line else []
        if len(stamps) == 2:
            if cue is not None:
                yield cue
            start, end = map(_ms, stamps)
            cue = PlainCue(start, end)
        elif cue is not None:
            cue.lines.append(line)
    if cue is not None:
        yield cue


def _ms(stamp: Sequence[str]) -> int:
    hours, minutes, seconds, fraction = stamp
    return (int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)) * 1000 + int(fraction.ljust(3, "0"))


def _without_next_number(lines: list[str]) -> list[str]:
    """The number of the next cue stands behind an empty line, or right before the next cue's times."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    is_number = end > 0 and _NUMBER.fullmatch(lines[end - 1])
    if is_number and end > 1 and (end == len(lines) or not lines[end - 2].strip()):
        return lines[: end - 1]
    return lines[:end]


def _without(pattern: str, closing: str, text: str) -> str:
    """The text without what the pattern finds, which ends with ``closing``: behind the last one nothing is looked for.

    So each beginning finds its end, and no stretch of the text is looked at twice.
    """
    inside, last, rest = text.rpartition(closing)
    return re.sub(pattern, "", inside + last) + rest
