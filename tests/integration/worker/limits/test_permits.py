from collections.abc import Callable, Iterator

import pytest
import redis

from tests.fixtures.redis import RedisServer
from tests.fixtures.waiting import wait_for
from worker.limits.permits import FleetLimits, Permit, Quota, new_wish
from worker.states import Lane

QUOTA = Quota(service="local", permits=2, sessions_per_s=10)
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


def acquire(limits: FleetLimits, lane: Lane = Lane.NORMAL, quota: Quota = QUOTA) -> Permit | None:
    return limits.try_acquire(quota, lane, new_wish())


def granted(permit: Permit | None) -> Permit:
    assert permit is not None
    return permit


def end_leases(redis_url: str) -> None:
    """Let the time of every permit run out."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        for member in client.zrange("longhand:limits:local:permits", 0, -1):
            client.zadd("longhand:limits:local:permits", {member: 1})


def test_the_fleet_shares_its_permits(make_limits: MakeLimits) -> None:
    first, second = make_limits(), make_limits()
    held = granted(acquire(first))
    granted(acquire(second))

    assert acquire(first) is None
    assert acquire(second) is None
    first.release(held)
    assert acquire(second) is not None


def test_each_service_has_permits_of_its_own(make_limits: MakeLimits) -> None:
    limits = make_limits()
    taken = [acquire(limits), acquire(limits), acquire(limits)]

    assert taken[2] is None
    assert acquire(limits, quota=Quota(service="intl", permits=1, sessions_per_s=10)) is not None


def test_an_interactive_segment_that_waits_goes_first(make_limits: MakeLimits) -> None:
    bulk, interactive = make_limits(), make_limits()
    held = granted(acquire(bulk))
    granted(acquire(bulk))
    wish = new_wish()
    assert interactive.try_acquire(QUOTA, Lane.INTERACTIVE, wish) is None

    bulk.release(held)

    assert acquire(bulk, Lane.BULK) is None
    assert interactive.try_acquire(QUOTA, Lane.INTERACTIVE, wish) is not None


def test_a_wish_that_was_granted_holds_nobody_back(make_limits: MakeLimits) -> None:
    limits = make_limits()
    wish = new_wish()
    held = [granted(acquire(limits)), granted(acquire(limits))]
    assert limits.try_acquire(QUOTA, Lane.INTERACTIVE, wish) is None
    limits.release(held[0])
    granted(limits.try_acquire(QUOTA, Lane.INTERACTIVE, wish))
    limits.release(held[1])

    assert acquire(limits, Lane.BULK) is not None


def test_a_killed_worker_gives_its_share_back_by_doing_nothing(make_limits: MakeLimits, redis_url: str) -> None:
    killed, other = make_limits(), make_limits()
    granted(acquire(killed))
    granted(acquire(killed))
    assert acquire(other) is None

    end_leases(redis_url)

    assert acquire(other) is not None


def test_a_lease_lasts_as_long_as_it_is_told(make_limits: MakeLimits, redis_url: str) -> None:
    permits = [granted(acquire(make_limits(lease_s=lease_s))) for lease_s in (600, 6000)]
    with redis.Redis.from_url(redis_url) as client:
        first, second = (client.zscore("longhand:limits:local:permits", permit.member) for permit in permits)
    assert first is not None
    assert second is not None
    assert second - first == pytest.approx(5400_000, abs=60_000)


def test_a_permit_lives_as_long_as_it_is_held(make_limits: MakeLimits, redis_url: str) -> None:
    holder = make_limits(lease_s=3)
    permit = granted(acquire(holder))
    end_leases(redis_url)

    with redis.Redis.from_url(redis_url) as client:
        # until the keeper has renewed it
        wait_for(lambda: client.zscore("longhand:limits:local:permits", permit.member) != 1)
        assert client.zcard("longhand:limits:local:permits") == 1


def test_new_sessions_get_their_turns_at_the_rate_of_the_fleet(make_limits: MakeLimits) -> None:
    first, second = make_limits(), make_limits()
    waits = [limits.session_wait_s(QUOTA) for limits in (first, second, first, second, first)]

    assert waits[0] == 0
    assert 0.3 < waits[-1] <= 0.4  # the fifth turn comes four tenths after the first, less the time taken here


def test_without_redis_each_process_keeps_to_its_own_share(make_limits: MakeLimits, own_redis: RedisServer) -> None:
    own_redis.kill()
    limits = make_limits(own_redis.url, share=0.25)
    quota = Quota(service="local", permits=8, sessions_per_s=10)

    permits = [acquire(limits, quota=quota) for _ in range(3)]

    assert [permit is not None for permit in permits] == [True, True, False]
    limits.release(granted(permits[0]))
    assert acquire(limits, quota=quota) is not None
    assert limits.session_wait_s(quota) == 0
    assert 0.3 < limits.session_wait_s(quota) <= 0.4  # a quarter of ten a second


def test_a_share_too_small_for_one_permit_still_lets_one_through(
    make_limits: MakeLimits, own_redis: RedisServer
) -> None:
    own_redis.kill()
    limits = make_limits(own_redis.url, share=0.01)

    assert acquire(limits) is not None
    assert acquire(limits) is None


def test_what_was_granted_before_redis_went_away_counts_in_the_share(
    make_limits: MakeLimits, own_redis: RedisServer
) -> None:
    limits = make_limits(own_redis.url, share=0.5)
    permit = granted(acquire(limits))
    own_redis.kill()

    assert acquire(limits) is None
    limits.release(permit)
    assert acquire(limits) is not None


def test_redis_is_asked_again_when_it_is_back(make_limits: MakeLimits, own_redis: RedisServer) -> None:
    own_redis.kill()
    mine = make_limits(own_redis.url, away_s=0)
    assert granted(acquire(mine)).local

    own_redis.start()

    assert not granted(acquire(mine)).local
