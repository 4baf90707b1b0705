"""Looks at sources while a request waits: so few at once that mute servers leave threads for everybody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import CapacityLimiter, move_on_after

AT_ONCE = 8
BATCHES_AT_ONCE = 2


@dataclass(frozen=True)
class Looks:
    """How long a request looks, in seconds, and how many do so at once in this process.

    ``one_s`` is for one URL, ``batch_s`` for all of a batch. Who waits for a place holds no thread; where none comes
    free in as long again, the source is registered without a look.
    """

    one_s: float = 3.0
    batch_s: float = 10.0
    ones: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(AT_ONCE))
    batches: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(BATCHES_AT_ONCE))

    @asynccontextmanager
    async def at_one(self) -> AsyncIterator[float]:
        """How long to look at a URL; 0: not at all."""
        async with _place(self.ones, self.one_s) as held:
            yield self.one_s if held else 0.0

    @asynccontextmanager
    async def at_batch(self) -> AsyncIterator[float]:
        """How long to look at a batch's URLs; 0: not at all."""
        async with _place(self.batches, self.batch_s) as held:
            yield self.batch_s if held else 0.0


@asynccontextmanager
async def _place(limiter: CapacityLimiter, wait_s: float) -> AsyncIterator[bool]:
    """Hold a place for the block's duration, and say whether there was one in time."""
    who = object()
    with move_on_after(wait_s) as waiting:
        await limiter.acquire_on_behalf_of(who)
    held = not waiting.cancelled_caught
    try:
        yield held
    finally:
        if held:
            limiter.release_on_behalf_of(who)
