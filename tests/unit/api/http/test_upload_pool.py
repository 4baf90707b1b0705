"""Who gets room for an upload."""

import asyncio
import threading

import pytest
from fastapi import Request

from api.http.problems import UploadsBusy
from api.http.upload_pool import UploadPool

PATIENCE_S = 0.05


def of(address: str | None) -> Request:
    return Request({"type": "http", "client": (address, 1) if address else None, "headers": []})


class Uploads:
    """Those that are under way, until the test lets them end."""

    def __init__(self, pool: UploadPool) -> None:
        self._pool = pool
        self._end = threading.Event()
        self._begun = 0
        self._tasks: list[asyncio.Task[bool]] = []

    async def begin(self, address: str | None, count: int) -> None:
        def work() -> bool:
            self._begun += 1
            return self._end.wait(30)

        self._tasks += [asyncio.create_task(self._pool.receive(of(address), work)) for _ in range(count)]
        while self._begun < len(self._tasks):
            await asyncio.sleep(0.001)

    async def end(self) -> None:
        self._end.set()
        assert all(await asyncio.gather(*self._tasks))


def test_no_address_has_more_than_half_of_the_room() -> None:
    async def scene() -> None:
        pool = UploadPool(8, PATIENCE_S)
        uploads = Uploads(pool)
        await uploads.begin("192.0.2.1", 4)
        with pytest.raises(UploadsBusy):
            await pool.receive(of("192.0.2.1"), lambda: None)
        assert await pool.receive(of("192.0.2.2"), lambda: "taken") == "taken"
        await uploads.begin("192.0.2.2", 3)
        await uploads.begin(None, 1)
        with pytest.raises(UploadsBusy):
            await pool.receive(of("192.0.2.3"), lambda: None)
        await uploads.end()
        assert await pool.receive(of("192.0.2.1"), lambda: "taken") == "taken"

    asyncio.run(scene())


def test_who_waits_gets_the_room_that_comes_free_also_after_a_failure() -> None:
    async def scene() -> None:
        pool = UploadPool(2, patience_s=30)
        uploads = Uploads(pool)
        await uploads.begin("192.0.2.1", 1)
        waiting = asyncio.create_task(pool.receive(of("192.0.2.1"), lambda: 1 // 0))
        behind = asyncio.create_task(pool.receive(of("192.0.2.1"), lambda: "taken"))
        await asyncio.sleep(0)
        await uploads.end()
        with pytest.raises(ZeroDivisionError):
            await waiting
        assert await behind == "taken"

    asyncio.run(scene())
