"""How much a probe sends, how fast, and how long it waits."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from realtime.client.deadlines import Deadlines

UNLIMITED = 0.0  # as a pace: as fast as it goes


def by_speed(pace: float) -> float:
    """A key to sort paces by."""
    return float("inf") if pace == UNLIMITED else pace


def paces_to_try(present: float, usual: Sequence[float] = (1.0, 4.0, 10.0)) -> tuple[float, ...]:
    """From slow to fast, the one in use among them."""
    return tuple(sorted({*usual, present}, key=by_speed))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Seconds end in ``_s``; paces are multiples of real time.

    ``short_s`` is a little over a whole frame, so that the last frame is short and a commit follows at once on what
    came before. ``gentle_pace`` is used where pace is not what is asked about. ``sessions`` are opened with pauses of
    ``between_sessions_s``, below the documented twenty a second.
    """

    budget_s: float = 120.0
    segment_s: float = 2.0
    short_s: float = 1.05
    pace_s: float = 8.0
    gentle_pace: float = 1.0
    paces: tuple[float, ...] = paces_to_try(1.0)
    commits: int = 3
    depth: int = 2
    idle_s: float = 60.0
    sessions: int = 16
    between_sessions_s: float = 0.1
    tries: int = 3
    pause_s: float = 1.0
    longest_pause_s: float = 30.0
    # A service that never says that a session has finished must not hold each of them for long.
    deadlines: Deadlines = field(default_factory=lambda: Deadlines(finish_s=5.0))
