"""A real worker process among messages that are none of ours."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.fixtures.odd_messages import NO_WAKE_UPS, WAKE_UPS
from tests.fixtures.redis import RedisServer
from tests.fixtures.sounds import talk, write_wav
from tests.fixtures.waiting import wait_for
from tests.fixtures.worker_processes import Fleet, running_fleet
from worker.processes.tasks import Waker
from worker.settings import Settings

LIST = "longhand:wake-normal"


@pytest.fixture
def fleet(tmp_path: Path, sqlite_url: str, own_redis: RedisServer) -> Iterator[Fleet]:
    with running_fleet(tmp_path, database_url=sqlite_url, redis_url=own_redis.url) as made:
        made.start_service()
        yield made


def test_a_worker_throws_away_and_counts_what_is_no_wake_up_and_goes_on(fleet: Fleet, tmp_path: Path) -> None:
    worker = fleet.start_worker()
    waker = Waker(Settings(redis_url=fleet.settings["REDIS_URL"]))
    assert waker.undecodable() == 0
    with redis.Redis.from_url(fleet.settings["REDIS_URL"]) as client:
        for message in [*NO_WAKE_UPS.values(), *WAKE_UPS.values(), *NO_WAKE_UPS.values()]:
            client.lpush(LIST, message)
        wait_for(lambda: worker.poll() is not None or client.llen(LIST) == 0, 60)
        assert worker.poll() is None, fleet.logs()
        wait_for(lambda: waker.undecodable() == 2 * len(NO_WAKE_UPS))
        fleet.start_dispatcher()
        assert (
            fleet.ended(fleet.submit(write_wav(tmp_path / "talk.wav", talk((2000, 500), dbfs=-17)))).status
            == "succeeded"
        )
        assert worker.poll() is None
        assert waker.undecodable() == 2 * len(NO_WAKE_UPS)
    waker.close()
    logs = fleet.logs()
    assert logs.count("is no wake-up and was thrown away") == 1
    assert "Traceback" not in logs


def test_many_at_once_do_not_fill_the_room_that_a_worker_has(fleet: Fleet, tmp_path: Path) -> None:
    with redis.Redis.from_url(fleet.settings["REDIS_URL"]) as client:
        client.lpush(LIST, *[NO_WAKE_UPS["another type"]] * 500)
        job_id = fleet.submit(write_wav(tmp_path / "talk.wav", talk((2000, 500), dbfs=-17)))
        client.lpush(LIST, WAKE_UPS["brought again"])
        worker = fleet.start_worker(jobs=2)
        assert fleet.ended(job_id).status == "succeeded"
        assert worker.poll() is None
        assert client.get("longhand:undecodable") == b"500"


def test_where_redis_is_away_nobody_says_how_many(own_redis: RedisServer) -> None:
    waker = Waker(Settings(redis_url=own_redis.url))
    own_redis.kill()
    assert waker.undecodable() is None
    waker.close()
