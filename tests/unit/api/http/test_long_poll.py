"""Holding polls."""

from functools import partial

import anyio

from api.http.long_poll import HeldPolls


async def never() -> bool:
    return False


def test_a_hold_ends_when_something_has_changed() -> None:
    looks = iter([False, False, True])

    async def changed() -> bool:
        return next(looks)

    anyio.run(partial(HeldPolls().until, changed, 30))
    assert next(looks, None) is None


def test_a_hold_ends_at_its_deadline_and_gives_its_place_back() -> None:
    holds = HeldPolls()
    anyio.run(partial(holds.until, never, 0.05))
    assert holds.held == 0


def test_beyond_the_limit_polls_are_answered_at_once() -> None:
    holds = HeldPolls(at_most=1)

    async def two() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(holds.until, never, 60)
            while holds.held == 0:
                await anyio.sleep(0)
            await holds.until(never, 60)  # would wait a minute
            group.cancel_scope.cancel()

    anyio.run(two)
    assert holds.held == 0


def test_when_the_process_goes_down_polls_are_answered() -> None:
    going_down: list[bool] = []
    holds = HeldPolls(ending=lambda: bool(going_down))

    async def one() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(holds.until, never, 60)
            while holds.held == 0:
                await anyio.sleep(0)
            going_down.append(True)

    anyio.run(one)
    assert holds.held == 0
