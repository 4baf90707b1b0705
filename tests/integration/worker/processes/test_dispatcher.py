import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from tests.fixtures.campaigns import add_campaign, add_recording, do, jobs_of
from tests.fixtures.redis import RedisServer
from tests.fixtures.rows import claim, read_job, set_job, submit
from tests.fixtures.waiting import wait_for
from worker import workers
from worker.campaigns.running import life
from worker.database import Database
from worker.processes.dispatcher import Dispatcher, run_dispatcher, window
from worker.processes.tasks import Waker, queue_of
from worker.settings import Settings
from worker.states import Lane


@pytest.fixture
def waker(redis_url: str) -> Iterator[Waker]:
    made = Waker(Settings(redis_url=redis_url, jobs=4))
    yield made
    made.close()


@pytest.fixture
def dispatcher(database: Database, waker: Waker) -> Dispatcher:
    return Dispatcher(database, waker, sweep_s=0)


def length(redis_url: str, lane: Lane = Lane.NORMAL) -> int:
    with redis.Redis.from_url(redis_url) as client:
        return int(client.llen(f"longhand:{queue_of(lane)}"))


def submit_many(database: Database, count: int) -> None:
    for number in range(count):
        submit(database, number)


def test_each_due_job_gets_a_wake_up_and_no_second_one(
    database: Database, dispatcher: Dispatcher, redis_url: str
) -> None:
    submit_many(database, 2)
    dispatcher.tick()
    dispatcher.tick()

    assert length(redis_url) == 2
    assert length(redis_url, Lane.BULK) == 0


def test_wake_ups_are_bounded_by_the_slots_and_not_by_the_jobs(
    database: Database, dispatcher: Dispatcher, redis_url: str
) -> None:
    submit_many(database, 12)
    dispatcher.tick()
    assert length(redis_url) == 2  # nobody has registered: enough to be found by whoever comes

    workers.register(database, "w1", 2)
    workers.register(database, "w2", 3)
    dispatcher.tick()
    assert length(redis_url) == 10


def test_an_emptied_redis_is_mended_in_one_round(database: Database, dispatcher: Dispatcher, redis_url: str) -> None:
    submit_many(database, 2)
    dispatcher.tick()
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    dispatcher.tick()

    assert length(redis_url) == 2


def test_a_job_that_is_not_due_gets_no_wake_up(database: Database, dispatcher: Dispatcher, redis_url: str) -> None:
    set_job(database, submit(database), due_ms=2**42)
    dispatcher.tick()

    assert length(redis_url) == 0


def test_several_dispatchers_send_no_more_than_one(database: Database, waker: Waker, redis_url: str) -> None:
    submit_many(database, 2)
    for _ in range(3):
        Dispatcher(database, waker, sweep_s=0).tick()

    assert length(redis_url) == 2


def test_the_sweep_queues_what_a_vanished_worker_held(
    database: Database, dispatcher: Dispatcher, redis_url: str
) -> None:
    job_id = submit(database)
    claim(database)
    set_job(database, job_id, lease_until_ms=1)
    dispatcher.tick()

    assert (read_job(database, job_id).status, read_job(database, job_id).losses) == ("queued", 1)
    assert length(redis_url) == 1


def test_the_sweep_keeps_its_own_pace(sqlite_database: Database, waker: Waker) -> None:
    patient = Dispatcher(sqlite_database, waker, sweep_s=3600)
    patient.tick()
    job_id = submit(sqlite_database)
    claim(sqlite_database)
    set_job(sqlite_database, job_id, lease_until_ms=1)
    patient.tick()

    assert read_job(sqlite_database, job_id).status == "running"


def test_each_round_of_the_sweep_leaves_its_mark(database: Database, dispatcher: Dispatcher) -> None:
    assert workers.dispatcher_age_ms(database) is None
    dispatcher.tick()

    age_ms = workers.dispatcher_age_ms(database)
    assert age_ms is not None
    assert 0 <= age_ms < 60_000


def test_several_dispatchers_at_once_expire_each_lease_once(database: Database, waker: Waker) -> None:
    submit_many(database, 12)
    for _ in range(12):
        set_job(database, claim(database).job_id, lease_until_ms=1)
    dispatchers = [Dispatcher(database, waker, sweep_s=0) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        expired = [job_id for one in pool.map(lambda each: each.sweep(), dispatchers) for job_id in one]

    assert len(expired) == len(set(expired))
    for each in dispatchers:  # on PostgreSQL a sweep passes over rows that another one holds
        expired += each.sweep()
    assert len(set(expired)) == len(expired) == 12
    assert {read_job(database, job_id).losses for job_id in expired} == {1}


def test_without_redis_a_round_does_what_it_can(sqlite_database: Database, own_redis: RedisServer) -> None:
    waker = Waker(Settings(redis_url=own_redis.url, jobs=4))
    dispatcher = Dispatcher(sqlite_database, waker, sweep_s=0)
    submit(sqlite_database)
    own_redis.kill()
    dispatcher.tick()
    own_redis.start()
    dispatcher.tick()
    waker.close()

    assert length(own_redis.url) == 1


def test_the_loop_outlives_its_database(tmp_path: Path, sqlite_url: str, redis_url: str) -> None:
    submit_to = Database(sqlite_url)
    with submit_to.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO away")
    stop = threading.Event()
    settings = Settings(home=tmp_path, database_url=sqlite_url, redis_url=redis_url, sweep_s=0.1)
    loop = threading.Thread(target=run_dispatcher, args=(settings, stop))
    loop.start()
    with submit_to.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO jobs")
    submit(submit_to)
    wait_for(lambda: length(redis_url))
    stop.set()
    loop.join()
    submit_to.close()


@pytest.mark.parametrize(
    "defect", ["worker.processes.dispatcher.Dispatcher.tick", "worker.imports.importer.Importer.work"]
)
def test_a_defect_in_either_thread_ends_the_process_so_that_it_is_started_anew(
    sqlite_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, defect: str
) -> None:
    def fail(_self: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(defect, fail)
    settings = Settings(home=tmp_path, database_url=sqlite_url, redis_url=redis_url)
    with pytest.raises(ZeroDivisionError):
        run_dispatcher(settings, threading.Event())


@pytest.mark.parametrize(
    ("slots", "running", "expected"), [(0, 0, 2), (1, 0, 2), (16, 0, 32), (16, 10, 12), (16, 40, 2)]
)
def test_the_window_is_twice_the_free_slots_and_at_least_two(slots: int, running: int, expected: int) -> None:
    assert window(slots, running) == expected


def test_slots_in_work_get_no_wake_ups(database: Database, dispatcher: Dispatcher, redis_url: str) -> None:
    workers.register(database, "w1", 6)
    submit_many(database, 12)
    for _ in range(3):
        claim(database)
    dispatcher.tick()

    assert length(redis_url) == 6


def test_a_round_goes_on_with_campaigns_and_the_next_one_wakes_for_their_jobs(
    database: Database, dispatcher: Dispatcher, redis_url: str
) -> None:
    add_recording(database)
    made = add_campaign(database)
    do(database, life.start, made)
    dispatcher.tick()
    dispatcher.tick()

    assert len(jobs_of(database, made)) == 1
    assert length(redis_url, Lane.BULK) == 1
