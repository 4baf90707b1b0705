"""What a client's conversation comes to. ``segment`` counts the commits, or the utterances, of a session from 0."""

from dataclasses import dataclass

from realtime.protocol.errors import RealtimeError


@dataclass(frozen=True)
class Result:
    """What the service understood in one segment. ``usage`` is of a shape that nobody documents."""

    text: str
    language: str | None = None
    emotion: str | None = None
    usage: object = None
    item_id: str | None = None


@dataclass(frozen=True)
class Ready:
    """The service took our options; ``model`` is the name that it goes by."""

    model: str


@dataclass(frozen=True)
class AtWork:
    """The service is at work on this segment: the sign of life that its deadline waits for."""

    segment: int


@dataclass(frozen=True)
class Preview:
    """What the segment sounds like so far; replaces the preview before."""

    segment: int
    text: str
    language: str | None = None


@dataclass(frozen=True)
class Answered:
    """The end of a segment. The times are the service's, in ms of audio sent in this session, and only in VAD mode."""

    segment: int
    result: Result
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True)
class Refused:
    """The other end of a segment: no answer, and why. The times are as in ``Answered``."""

    segment: int
    error: RealtimeError
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True)
class Complaint:
    """The service found fault with something that is no longer, or was never, of consequence."""

    error: RealtimeError


@dataclass(frozen=True)
class Ended:
    """The session is over; ``error`` is None where it ended as it should."""

    error: RealtimeError | None


Outcome = Ready | AtWork | Preview | Answered | Refused | Complaint | Ended
