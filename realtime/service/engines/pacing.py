"""So many requests a minute, and no more."""

from collections import deque
from collections.abc import Callable

WINDOW_S = 60.0


class RequestPace:
    """Counts requests over the last minute. ``clock`` gives monotonic seconds."""

    def __init__(self, per_minute: float, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._taken: deque[float] = deque()

    def take(self) -> float:
        """Reserve the next request; how many seconds it has to wait for its turn."""
        now = self._clock()
        while self._taken and self._taken[0] <= now - WINDOW_S:
            self._taken.popleft()
        ahead = len(self._taken) - int(max(1, self._per_minute))
        turn = max(now, self._taken[ahead] + WINDOW_S) if ahead >= 0 else now
        self._taken.append(turn)
        return turn - now
