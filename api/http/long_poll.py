"""Holding a poll until something changes: looks at one number in the database, and holds no thread between looks."""

from collections.abc import Awaitable, Callable

import anyio

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
HELD_AT_ONCE = 500  # beyond, polls are answered at once: each costs a look at the database a second


class HeldPolls:
    """The polls that this process holds. ``ending`` says that it goes down: then all are answered."""

    def __init__(self, at_most: int = HELD_AT_ONCE, ending: Callable[[], bool] = lambda: False) -> None:
        self._limit = anyio.CapacityLimiter(at_most)
        self._ending = ending

    @property
    def held(self) -> int:
        """Polls held now."""
        return int(self._limit.borrowed_tokens)

    async def until(self, changed: Callable[[], Awaitable[bool]], deadline_s: float) -> None:
        """Return when ``changed`` says so, at the deadline, or at once where too many are held already."""
        try:
            self._limit.acquire_nowait()
        except anyio.WouldBlock:
            return
        try:
            with anyio.move_on_after(deadline_s):
                await self._poll(changed)
        finally:
            self._limit.release()

    async def _poll(self, changed: Callable[[], Awaitable[bool]]) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._ending() and not await changed():
            await anyio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)
