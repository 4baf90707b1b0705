"""A job's own deadline: the one thing that fails a job for having waited."""

from dataclasses import dataclass
from datetime import datetime

LONGEST_S = 10 * 366 * 24 * 3600.0


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
        return Deadline(at_ms=_moment_ms(text))
    if not 0 < seconds <= LONGEST_S:
        raise ValueError("must be more than no seconds, and not years away")
    return Deadline(in_ms=round(seconds * 1000))


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _moment_ms(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("must be seconds from now, or an ISO 8601 time such as 2031-05-01T18:00:00Z") from error
    if moment.tzinfo is None:
        raise ValueError("must have a zone, such as Z or +02:00")
    return round(moment.timestamp() * 1000)
