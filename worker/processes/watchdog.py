"""Whether a worker that lives has stopped hearing: a decision without a clock or a queue."""

SILENCE_S = 60.0


class Watchdog:
    """Fed with what is seen from time to time; bites where wake-ups waited all the while and none was received."""

    def __init__(self, silence_s: float = SILENCE_S) -> None:
        self._silence_s = silence_s
        self._received = -1
        self._since: float | None = None

    def bites(self, now: float, *, waiting: int, received: int) -> bool:
        """``waiting`` wake-ups that this process has room for lie in Redis; it has ``received`` so many in its life."""
        if not waiting or received != self._received or self._since is None:
            self._since = now
            self._received = received
        return now - self._since >= self._silence_s
