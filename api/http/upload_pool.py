"""Room for uploads, which hold a thread for as long as their client takes: no address has more than half of it."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio import to_thread
from fastapi import Request

from api.http.problems import UploadsBusy

Result = TypeVar("Result")
AT_ONCE = 64
PATIENCE_S = 10.0  # for room to come free, before the client is told to come again


class UploadPool:
    """Threads of their own: these are not those that answer everything else."""

    def __init__(self, at_once: int = AT_ONCE, patience_s: float = PATIENCE_S) -> None:
        self._at_once = at_once
        self._patience_s = patience_s
        self._threads = anyio.CapacityLimiter(at_once)
        self._held: Counter[str] = Counter()
        self._freed = anyio.Event()

    async def receive(self, request: Request, work: Callable[[], Result]) -> Result:
        """What ``work``, which reads the request's body, gives; raises UploadsBusy and what it raises."""
        address = request.client.host if request.client else ""
        await self._enter(address)
        try:
            return await to_thread.run_sync(work, limiter=self._threads)
        finally:
            self._leave(address)

    async def _enter(self, address: str) -> None:
        with anyio.move_on_after(self._patience_s):
            while not self._has_room(address):
                await self._freed.wait()
        if not self._has_room(address):
            raise UploadsBusy
        self._held[address] += 1

    def _leave(self, address: str) -> None:
        self._held[address] -= 1
        self._held += Counter()  # without those at 0
        self._freed.set()
        self._freed = anyio.Event()

    def _has_room(self, address: str) -> bool:
        return self._held.total() < self._at_once and self._held[address] < max(1, self._at_once // 2)
