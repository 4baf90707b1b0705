import json
import signal
import time
from collections.abc import Iterator

import pytest
import redis

from tests.fixtures.redis import RedisServer
from worker.processes.tasks import Waker, make_app, queue_of
from worker.settings import Settings
from worker.states import Lane


@pytest.fixture
def waker(redis_url: str) -> Iterator[Waker]:
    made = Waker(Settings(redis_url=redis_url, jobs=2))
    yield made
    made.close()


def test_a_wake_up_lies_in_the_list_of_its_lane_alone(waker: Waker, redis_url: str) -> None:
    assert waker.wake(Lane.BULK, "some-job")

    assert [waker.waiting(lane) for lane in Lane] == [0, 0, 1]
    with redis.Redis.from_url(redis_url) as client:
        [message] = client.lrange(f"longhand:{queue_of(Lane.BULK)}", 0, -1)
    headers = json.loads(message)["headers"]
    assert (headers["task"], headers["argsrepr"]) == ("longhand.wake", "['bulk', 'some-job']")


def test_everything_in_redis_lies_under_one_prefix(waker: Waker, redis_url: str) -> None:
    waker.wake(Lane.NORMAL)

    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        assert all(key.startswith("longhand:") for key in client.scan_iter())


def test_no_wake_up_is_sent_where_enough_lie_there(waker: Waker) -> None:
    sent = [waker.wake(Lane.NORMAL) for _ in range(6)]

    assert sent == [True] * 4 + [False] * 2
    assert waker.wake(Lane.INTERACTIVE)


def test_without_redis_waking_gives_up_soon_and_raises_nothing(own_redis: RedisServer) -> None:
    waker = Waker(Settings(redis_url=own_redis.url))
    own_redis.kill()

    assert not waker.wake(Lane.NORMAL)
    assert waker.waiting(Lane.NORMAL) is None
    own_redis.start()
    assert waker.wake(Lane.NORMAL)
    waker.close()


def test_a_redis_that_hangs_holds_nobody_up(own_redis: RedisServer) -> None:
    waker = Waker(Settings(redis_url=own_redis.url))
    waker.wake(Lane.NORMAL)
    assert own_redis.process is not None
    own_redis.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    assert not waker.wake(Lane.NORMAL)
    taken_s = time.monotonic() - began
    own_redis.process.send_signal(signal.SIGCONT)

    assert taken_s < 5  # by design half a second; a default would wait for ever
    assert waker.waiting(Lane.NORMAL) == 1
    waker.close()


def test_the_application_leaves_it_to_the_database_to_remember() -> None:
    conf = make_app(Settings(redis_url="redis://127.0.0.1:1/0", jobs=5)).conf

    assert conf.task_acks_late
    assert conf.task_ignore_result
    assert conf.accept_content == ["json"]
    assert (conf.worker_pool, conf.worker_concurrency, conf.worker_prefetch_multiplier) == ("threads", 5, 1)
    assert not conf.broker_transport_options["ack_emulation"]
    assert not conf.worker_cancel_long_running_tasks_on_connection_loss
