"""The pool, with real processes that do what they are told."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from realtime.protocol.engine import Hypothesis, SegmentFailed
from realtime.service.engines.pool import ProcessPool
from realtime.service.engines.process import DecoderProcess, ProcessDied

CHILD = "tests.fixtures.obedient_child"
DEADLINE_S = 60.0


def with_pool(work: Callable[[ProcessPool], Awaitable[None]], processes: int = 2) -> None:
    async def run() -> None:
        pool = ProcessPool(CHILD, processes)
        await pool.start()
        pids = pool.pids
        try:
            await work(pool)
        finally:
            pids += pool.pids
            await pool.close()
        assert not [pid for pid in pids if psutil.pid_exists(pid)]

    asyncio.run(run())


async def ask(pool: ProcessPool, order: str, previews: list[Hypothesis] | None = None) -> str:
    show = (previews if previews is not None else []).append
    found = await pool.ask(order.encode(), show, deadline_s=DEADLINE_S, op="recognise")
    return found.text


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_request_is_answered_with_previews_on_the_way() -> None:
    async def work(pool: ProcessPool) -> None:
        previews: list[Hypothesis] = []
        assert (await ask(pool, "preview draft", previews)).startswith("preview")
        assert previews == [Hypothesis("", "draft")]

    with_pool(work)


def test_requests_run_on_as_many_processes_as_there_are() -> None:
    async def work(pool: ProcessPool) -> None:
        answers = await asyncio.gather(*(ask(pool, "sleep 0.2") for _ in range(4)))
        assert len(set(answers)) == 2

    with_pool(work)


def test_a_process_that_dies_is_replaced_and_its_request_tried_once_more(tmp_path: Path) -> None:
    async def work(pool: ProcessPool) -> None:
        before = set(pool.pids)
        assert (await ask(pool, f"die-once {tmp_path / 'died'}")).startswith("die-once")
        await until(lambda: len(pool.pids) == 2)
        assert len(before & set(pool.pids)) == 1

    with_pool(work)


def test_a_request_that_kills_every_process_fails_and_the_pool_lives_on() -> None:
    async def work(pool: ProcessPool) -> None:
        with pytest.raises(SegmentFailed):
            await ask(pool, "die")
        assert (await ask(pool, "hello")).startswith("hello")

    with_pool(work)


def test_a_process_killed_from_outside_is_replaced_when_it_is_missed() -> None:
    async def work(pool: ProcessPool) -> None:
        psutil.Process(pool.pids[0]).kill()
        assert (await ask(pool, "hello")).startswith("hello")

    with_pool(work, processes=1)


def test_cancelling_a_request_ends_its_work_and_frees_its_place() -> None:
    async def work(pool: ProcessPool) -> None:
        (pid,) = pool.pids
        task = asyncio.create_task(ask(pool, "sleep 3600"))
        await asyncio.sleep(0.05)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert (await ask(pool, "hello")).startswith("hello")
        assert not psutil.pid_exists(pid)

    with_pool(work, processes=1)


def test_a_process_that_hangs_is_ended_at_the_deadline() -> None:
    async def work(pool: ProcessPool) -> None:
        with pytest.raises(SegmentFailed, match="too long"):
            await pool.ask(b"sleep 3600", lambda _: None, deadline_s=0.05, op="recognise")
        assert (await ask(pool, "hello")).startswith("hello")

    with_pool(work, processes=1)


def test_only_an_idle_process_is_asked_for_what_can_wait() -> None:
    async def work(pool: ProcessPool) -> None:
        found = await pool.ask_idle(lambda _: True, b"hello", deadline_s=DEADLINE_S, op="hear")
        assert found is not None
        child, answer = found
        assert answer.text == f"hello {child.pid}"
        busy = asyncio.create_task(ask(pool, "sleep 0.3"))
        await asyncio.sleep(0)
        assert await pool.ask_idle(lambda _: True, b"hello", deadline_s=DEADLINE_S, op="hear") is None
        await busy
        assert await pool.ask_idle(lambda other: other is not child, b"x", deadline_s=DEADLINE_S, op="hear") is None

    with_pool(work, processes=1)


def test_a_module_that_does_not_start_is_told() -> None:
    async def start() -> None:
        await ProcessPool("tests.unit.realtime.no_such_module", 1).start()

    with pytest.raises(ProcessDied):
        asyncio.run(start())


def test_a_process_ends_when_its_parent_lets_go() -> None:
    async def run() -> None:
        child = await DecoderProcess.start(CHILD)
        child._stdin.close()
        async with asyncio.timeout(DEADLINE_S):
            await child.wait()

    asyncio.run(run())
