"""What kills, stops or refuses a worker, and what is sent again afterwards by the service's own log."""

import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from tests.fixtures.redis import RedisServer
from tests.fixtures.sounds import talk, tone, write_wav
from tests.fixtures.waiting import wait_for
from tests.fixtures.worker_processes import SCRIPTED, Fleet, running_fleet
from worker import workers
from worker.models import Segment
from worker.states import SegmentState

SESSIONS = 4
MANY = ((2000, 2200),) * 16  # sixteen segments


@pytest.fixture
def fleet(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[Fleet]:
    with running_fleet(tmp_path, database_url=database_url, redis_url=redis_url) as made:
        yield made


@pytest.fixture
def sqlite_fleet(tmp_path: Path, sqlite_url: str, redis_url: str) -> Iterator[Fleet]:
    with running_fleet(tmp_path, database_url=sqlite_url, redis_url=redis_url) as made:
        yield made


def submit_many_segments(fleet: Fleet) -> str:
    return fleet.submit(write_wav(fleet.folder / "many.wav", talk(*MANY)))


def answered(fleet: Fleet, job_id: str, at_least: int = 1) -> list[Segment]:
    """The segments with an answer, once there are so many."""

    def look() -> list[Segment] | None:
        done = [segment for segment in fleet.segments(job_id) if segment.state == SegmentState.ANSWERED]
        return done if len(done) >= at_least else None

    return wait_for(look)


def sent_more_than_once(fleet: Fleet) -> int:
    """How many of the commits that the service got were repetitions."""
    counted = Counter(entry["sha256"] for entry in fleet.received())
    return sum(counted.values()) - len(counted)


def test_a_killed_worker_costs_only_what_was_in_flight(fleet: Fleet) -> None:
    fleet.start_service(latency_ms=400)
    fleet.start_dispatcher()
    worker = fleet.start_worker()
    job_id = submit_many_segments(fleet)
    before = answered(fleet, job_id, at_least=4)
    worker.kill()
    fleet.start_worker()

    job = fleet.ended(job_id)
    assert (job.status, job.fence) == ("succeeded", 2)
    segments = fleet.transcript(job_id).segments
    assert len(segments) == len({segment["start_ms"] for segment in segments}) == len(MANY)
    assert sent_more_than_once(fleet) <= SESSIONS
    kept = {segment.id: segment.answer_id for segment in before}
    assert {segment.id: segment.answer_id for segment in fleet.segments(job_id) if segment.id in kept} == kept


def test_sigterm_ends_the_segments_in_flight_and_gives_the_job_back(sqlite_fleet: Fleet) -> None:
    fleet = sqlite_fleet
    fleet.start_service(latency_ms=400)
    fleet.start_dispatcher()
    worker = fleet.start_worker()
    job_id = submit_many_segments(fleet)
    answered(fleet, job_id, at_least=2)
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(timeout=30) == 0
    job = fleet.job(job_id)
    assert (job.status, job.attempts, job.losses) == ("queued", 0, 0)
    assert len(answered(fleet, job_id)) == len(fleet.received())  # all that was sent was stored
    fleet.start_worker()
    assert fleet.ended(job_id).status == "succeeded"
    assert sent_more_than_once(fleet) == 0


def test_a_second_sigterm_stops_at_once_and_gives_the_job_back(sqlite_fleet: Fleet) -> None:
    fleet = sqlite_fleet
    fleet.start_service(latency_ms=30_000)
    fleet.start_dispatcher()
    worker = fleet.start_worker()
    job_id = submit_many_segments(fleet)
    wait_for(fleet.received)
    worker.send_signal(signal.SIGTERM)
    wait_for(lambda: "given back" in fleet.logs() or _slots(fleet) == 0)
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(timeout=20) is not None
    assert wait_for(lambda: fleet.job(job_id).status == "queued")
    assert fleet.job(job_id).losses == 0


def test_an_emptied_redis_loses_no_job(sqlite_fleet: Fleet, redis_url: str) -> None:
    fleet = sqlite_fleet
    fleet.start_service()
    with redis.Redis.from_url(redis_url) as client:
        submitted = [fleet.submit(write_wav(fleet.folder / f"{n}.wav", tone(1000 + n))) for n in range(12)]
        fleet.start_dispatcher()
        wait_for(lambda: client.llen("longhand:wake-normal"))
        client.flushall()
        fleet.start_worker()
        wait_for(lambda: fleet.job(submitted[0]).status == "succeeded")
        client.flushall()

    assert {fleet.ended(job_id).status for job_id in submitted} == {"succeeded"}
    assert sent_more_than_once(fleet) == 0


def test_a_redis_that_dies_and_comes_back_loses_no_job(tmp_path: Path, sqlite_url: str, own_redis: RedisServer) -> None:
    with running_fleet(tmp_path, database_url=sqlite_url, redis_url=own_redis.url) as fleet:
        fleet.start_service(latency_ms=200)
        fleet.start_dispatcher()
        fleet.start_worker()
        first = submit_many_segments(fleet)
        answered(fleet, first)
        own_redis.kill()
        second = fleet.submit(write_wav(tmp_path / "second.wav", tone(1500)))
        assert fleet.ended(first).status == "succeeded"
        own_redis.start()

        assert fleet.ended(second).status == "succeeded"
        assert sent_more_than_once(fleet) == 0


def test_a_process_that_did_its_number_of_jobs_ends_for_its_supervisor(sqlite_fleet: Fleet) -> None:
    fleet = sqlite_fleet
    fleet.start_service()
    fleet.start_dispatcher()
    worker = fleet.start_worker(worker_max_jobs=1)
    job_id = fleet.submit(write_wav(fleet.folder / "talk.wav", tone(1400)), replace(SCRIPTED, language="en"))

    assert fleet.ended(job_id).status == "succeeded"
    assert worker.wait(timeout=30) == 0
    assert _slots(fleet) == 0


def _slots(fleet: Fleet) -> int:
    return workers.slots(fleet.database)
