"""Times as a person gives them: moments of ISO 8601, lengths in seconds, and deadlines, which are either."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

LONGEST_S = 10 * 366 * 24 * 3600.0
FIRST_YEAR, LAST_YEAR = 1900, 2200  # of moments: what lies beyond is a mistake, and no calendar goes on for ever
Zoneless = Literal["is UTC", "is UTC for a day", "is refused"]


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """A moment, or a time from the submission on; one of the two is set."""

    at_ms: int | None = None
    in_ms: int | None = None

    def moment(self, now: int) -> int:
        """In ms since 1970; ``now`` is the database's clock, by which what is relative counts."""
        return self.at_ms if self.at_ms is not None else now + (self.in_ms or 0)


def parse_deadline(given: object) -> Deadline:
    """From seconds, or an ISO 8601 time with a zone. Raises ValueError with a sentence.

    A moment that has passed is taken: a request that is sent again must be answered as it was before.
    """
    text = str(given).strip()
    seconds = _seconds(text)
    if seconds is None:
        expected = "must be seconds from now, or an ISO 8601 time such as 2031-05-01T18:00:00Z"
        return Deadline(at_ms=epoch_ms(parse_moment(text, expected, zoneless="is refused")))
    if not 0 < seconds <= LONGEST_S:
        raise ValueError("must be more than no seconds, and not years away")
    return Deadline(in_ms=length_ms(seconds))


def parse_moment(given: object, expected: str, *, zoneless: Zoneless) -> datetime:
    """A time of ISO 8601, or a day, of the years 1900 to 2200.

    Raises ValueError, with the sentence ``expected`` for what is neither.
    """
    try:
        moment = given if isinstance(given, datetime) else datetime.fromisoformat(str(given).strip())
    except ValueError:
        raise ValueError(expected) from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
    if moment.tzinfo is not None:
        return moment
    if zoneless == "is refused" or (zoneless == "is UTC for a day" and moment.time() != time()):
        raise ValueError("must have a zone, such as Z or +02:00")
    return moment.replace(tzinfo=UTC)


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970 UTC."""
    return round(moment.timestamp() * 1000)


def length_ms(seconds: float) -> int:
    """Whole milliseconds."""
    return round(seconds * 1000)


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _moment_of_a_recording(given: object) -> datetime:
    """Also as names of files have it: 20240131-101500."""
    text = given if isinstance(given, datetime) else _as_iso(str(given).strip())
    return parse_moment(text, "must be an ISO 8601 time, such as 2024-01-31T10:15:00Z", zoneless="is UTC")


def _as_iso(text: str) -> str:
    parts = re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d)[-_ T]+(\d\d)[-:_.]?(\d\d)(?:[-:_.]?(\d\d))?", text)
    if not parts:
        return text
    year, month, day, hour, minute, second = parts.groups(default="00")
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}"


def _edge_ms(given: object) -> int:
    expected = "must be a day such as 2024-05-01, or an ISO 8601 time with its zone"
    return epoch_ms(parse_moment(given, expected, zoneless="is UTC for a day"))


def _in_seconds(length: float) -> float:
    return length / 1000


DeadlineField = Annotated[
    Deadline,
    BeforeValidator(parse_deadline),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "format": "date-time"}]}),
]
# When a recording was made: without a zone it is UTC.
RecordedAt = Annotated[
    datetime, BeforeValidator(_moment_of_a_recording), WithJsonSchema({"type": "string", "format": "date-time"})
]
# Where a range of time begins or ends, in ms since 1970: a day, which is one of UTC, or a time with its zone.
EdgeMs = Annotated[int, BeforeValidator(_edge_ms), WithJsonSchema({"type": "string"})]
# A length in ms, given in seconds, and written in them where it is a request's JSON again.
FromMs = Annotated[
    float, Field(ge=0, le=LONGEST_S), AfterValidator(length_ms), PlainSerializer(_in_seconds, when_used="json")
]
UntilMs = Annotated[
    float, Field(gt=0, le=LONGEST_S), AfterValidator(length_ms), PlainSerializer(_in_seconds, when_used="json")
]
