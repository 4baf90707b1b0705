"""Faults that the local service shows on request, for tests: a small language, and dice with a seed.

A comma-separated list of ``NAME[:CODE][:PROBABILITY]``; the probability is 1 where it is left out.

=====================  ==========================================================================
``401`` ``403`` …      the handshake is refused with this HTTP status; ``5xx`` is 503
``fail[:CODE][:P]``    a committed item gets ``.failed`` with CODE (InternalError)
``error[:CODE][:P]``   an ``error`` event of type server_error with CODE, and the connection ends
``reset[:P]``          the connection is torn down at a commit
``drop[:P]``           a committed item is never answered; the session goes on
``stall[:P]``          after a commit nothing is sent any more; pings are still answered
``away:S[@AFTER]``     nobody is there for S seconds, AFTER seconds (0) after the start
=====================  ==========================================================================
"""

import random
import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["fail", "error", "reset", "drop", "stall"]
DEFAULT_CODE = "InternalError"

_STATUS = re.compile(r"(?P<status>[45]\d\d|5xx)(:(?P<odds>[\d.]+))?")
_AWAY = re.compile(r"away:(?P<for_s>[\d.]+)(@(?P<after_s>[\d.]+))?")
_AT_COMMIT = re.compile(
    r"(?P<kind>fail|error|reset|drop|stall)(:(?P<code>[A-Za-z_][\w.]*))?(:(?P<odds>[\d.]+))?"
)  # fmt: skip


class UnknownFault(ValueError):
    """A word that is not of the language."""


@dataclass(frozen=True)
class CommitFault:
    """What happens to a committed item instead of its answer."""

    kind: Kind
    code: str = DEFAULT_CODE
    odds: float = 1.0


@dataclass(frozen=True)
class HandshakeFault:
    """The HTTP status that a handshake gets."""

    status: int
    odds: float = 1.0


@dataclass(frozen=True)
class Absence:
    """Seconds since the service's start between which nobody is there."""

    from_s: float
    to_s: float


@dataclass
class Faults:
    """What was asked for. Draws in order of the asking, so that a seed repeats them."""

    faults: tuple[CommitFault | HandshakeFault | Absence, ...] = ()
    dice: random.Random = field(default_factory=random.Random)

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> "Faults":
        """Read the language; raises UnknownFault."""
        words = [word.strip() for word in text.split(",") if word.strip()]
        return cls(tuple(_parse(word) for word in words), random.Random(seed))  # noqa: S311  # dice, not secrets

    def at_handshake(self) -> int | None:
        """The status to refuse this handshake with."""
        found = (fault for fault in self.faults if isinstance(fault, HandshakeFault))
        return next((fault.status for fault in found if self.dice.random() < fault.odds), None)

    def at_commit(self) -> CommitFault | None:
        """What is to happen to this item."""
        found = (fault for fault in self.faults if isinstance(fault, CommitFault))
        return next((fault for fault in found if self.dice.random() < fault.odds), None)

    @property
    def absences(self) -> tuple[Absence, ...]:
        """When nobody is there."""
        return tuple(fault for fault in self.faults if isinstance(fault, Absence))


def _parse(word: str) -> CommitFault | HandshakeFault | Absence:
    if match := _STATUS.fullmatch(word):
        return HandshakeFault(503 if match["status"] == "5xx" else int(match["status"]), _odds(word, match["odds"]))
    if match := _AWAY.fullmatch(word):
        after_s = float(match["after_s"] or 0)
        return Absence(after_s, after_s + float(match["for_s"]))
    if match := _AT_COMMIT.fullmatch(word):
        return CommitFault(match["kind"], match["code"] or DEFAULT_CODE, _odds(word, match["odds"]))  # type: ignore[arg-type]  # the expression names the kinds
    raise UnknownFault(f"{word!r} is not a fault; see realtime/service/faults.py.")


def _odds(word: str, text: str | None) -> float:
    try:
        odds = float(text or 1)
    except ValueError as error:
        raise UnknownFault(f"{text!r} in {word!r} is not a probability.") from error
    if not 0 <= odds <= 1:
        raise UnknownFault(f"{text!r} in {word!r} is not a probability.")
    return odds
