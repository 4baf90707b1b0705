"""The fleet's limits go down where a service asks for patience, and up again by the clock: in Redis, and without it."""

from collections.abc import Callable, Iterator

import pytest
import redis

from tests.fixtures.redis import RedisServer
from worker.limits.permits import FleetLimits, Permit, Quota, new_wish
from worker.limits.throttle import RECOVERY_MS, SAME_MS
from worker.states import Lane

QUOTA = Quota(service="local", permits=8, sessions_per_s=10)
KEY = "longhand:limits:local:throttle"
MakeLimits = Callable[..., FleetLimits]


@pytest.fixture
def make_limits(redis_url: str) -> Iterator[MakeLimits]:
    made: list[FleetLimits] = []

    def make(url: str = redis_url, **options: float) -> FleetLimits:
        made.append(FleetLimits(url, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def all_of(limits: FleetLimits) -> list[Permit]:
    """Take permits until none is free."""
    taken: list[Permit] = []
    while permit := limits.try_acquire(QUOTA, Lane.NORMAL, new_wish()):
        taken.append(permit)
    return taken


def let_pass(redis_url: str, ms: int) -> None:
    """Let the last refusal be so much longer ago."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        client.hincrbyfloat(KEY, "at", -ms)


def test_a_refusal_halves_what_the_whole_fleet_does_at_once(make_limits: MakeLimits) -> None:
    told, other = make_limits(), make_limits()
    told.slow_down("local")

    assert len(all_of(other)) == 4
    assert other.throttle("local") == 0.5
    assert other.throttle("intl") == 1


def test_refusals_that_come_together_count_once(make_limits: MakeLimits, redis_url: str) -> None:
    limits = make_limits()
    for _ in range(5):
        limits.slow_down("local")
    assert limits.throttle("local") == 0.5

    let_pass(redis_url, SAME_MS)
    limits.slow_down("local")
    assert limits.throttle("local") == pytest.approx((0.5 + SAME_MS / RECOVERY_MS) / 2, abs=0.001)


def test_a_fleet_that_is_refused_again_and_again_still_sends_one_at_a_time(
    make_limits: MakeLimits, redis_url: str
) -> None:
    limits = make_limits()
    for _ in range(12):
        limits.slow_down("local")
        let_pass(redis_url, SAME_MS)

    assert len(all_of(limits)) == 1


def test_the_limit_grows_back_slowly_until_all_is_used_again(make_limits: MakeLimits, redis_url: str) -> None:
    limits = make_limits()
    limits.slow_down("local")
    held = all_of(limits)
    let_pass(redis_url, RECOVERY_MS // 4)
    held += all_of(limits)
    assert len(held) == 6

    let_pass(redis_url, RECOVERY_MS // 4)
    assert len([*held, *all_of(limits)]) == 8


def test_new_sessions_come_slower_too(make_limits: MakeLimits) -> None:
    limits = make_limits()
    limits.slow_down("local")
    waits = [limits.session_wait_s(QUOTA) for _ in range(3)]

    assert 0.3 < waits[-1] <= 0.4  # two turns of a tenth of a second, at half the rate


def test_without_redis_a_process_slows_its_own_share_down(make_limits: MakeLimits, own_redis: RedisServer) -> None:
    own_redis.kill()
    limits = make_limits(own_redis.url, share=0.5)
    limits.slow_down("local")
    limits.slow_down("local")

    assert limits.throttle("local") == pytest.approx(0.5, abs=0.05)
    assert len(all_of(limits)) == 2
