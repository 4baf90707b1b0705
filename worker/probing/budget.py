"""How much audio a probe may send."""

import threading

from worker.probing.speech import BYTES_PER_S


class BudgetSpent(Exception):
    """Less is left than the segment needs: nothing of it was sent."""


class Budget:
    """Set aside a segment, then send it: what is set aside and not sent is not given back. For any thread."""

    def __init__(self, limit_s: float) -> None:
        self._left_bytes = int(limit_s * BYTES_PER_S)
        self._sent_bytes = 0
        self._lock = threading.Lock()

    @property
    def sent_s(self) -> float:
        """Seconds of audio that were sent."""
        return self._sent_bytes / BYTES_PER_S

    def set_aside(self, n_bytes: int) -> None:
        """Take this from what is left; raises BudgetSpent."""
        with self._lock:
            if n_bytes > self._left_bytes:
                raise BudgetSpent
            self._left_bytes -= n_bytes

    def count(self, n_bytes: int) -> None:
        """These bytes are being sent."""
        with self._lock:
            self._sent_bytes += n_bytes
