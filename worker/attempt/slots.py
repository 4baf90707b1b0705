"""Room for jobs in one worker process, with some of it kept for the interactive lane."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from worker.states import Lane

RESERVED_SHARE = 8  # one slot in eight is the interactive lane's own


def reserved_of(total: int) -> int:
    """Slots that only interactive jobs take; a process with one slot keeps none."""
    return min(max(1, total // RESERVED_SHARE), total - 1)


class Slots:
    """Counts what is taken; safe to use from many threads."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._reserved = reserved_of(total)
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        return self._taken

    @contextmanager
    def room_for(self, lane: Lane) -> Iterator[bool]:
        """Hold a slot for the block's duration, and say whether there was one."""
        held = self._take(lane)
        try:
            yield held
        finally:
            if held:
                self._give_back()

    def free_for(self, lane: Lane) -> bool:
        return self._taken < self._limit(lane)

    def _limit(self, lane: Lane) -> int:
        return self.total if lane == Lane.INTERACTIVE else self.total - self._reserved

    def _take(self, lane: Lane) -> bool:
        with self._lock:
            if self._taken >= self._limit(lane):
                return False
            self._taken += 1
            return True

    def _give_back(self) -> None:
        with self._lock:
            self._taken -= 1
