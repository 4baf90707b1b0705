"""What is promised while the database dies, Redis is away, or a worker's disk is full."""

import resource
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from api.app import make_app
from tests.fixtures.doors import House, opened, serving, settings_for, sound
from tests.fixtures.redis import RedisServer
from tests.fixtures.sounds import talk, write_wav
from tests.fixtures.waiting import wait_for
from tests.fixtures.worker_processes import Fleet, running_fleet

KEY = {"Idempotency-Key": "k"}
BLOCKED = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""
FULL_BYTES = 4096  # no file of the process may grow beyond: what it writes fails as on a full disk


def test_a_database_that_dies_under_a_request_is_503_and_the_request_can_be_sent_again(
    postgresql_url: str, tmp_path: Path
) -> None:
    with opened(settings_for(postgresql_url, tmp_path)) as house, ThreadPoolExecutor(1) as pool:
        broken = _broken_in_its_transaction(house, postgresql_url, pool)
        assert (broken.status_code, broken.json()["code"]) == (503, "database_unavailable")
        assert broken.headers["retry-after"]
        assert house.client.get("/v1/jobs").json()["items"] == []

        assert house.upload(headers=KEY).status_code == 202
        assert len(house.client.get("/v1/jobs").json()["items"]) == 1


def _broken_in_its_transaction(house: House, url: str, pool: ThreadPoolExecutor) -> httpx.Response:
    """An upload whose connection the server ends just before the commit."""
    engine = create_engine(url)
    looking = engine.execution_options(
        isolation_level="AUTOCOMMIT"
    )  # in a transaction it would see the first look again
    with engine.connect() as holder, looking.connect() as onlooker:
        holder.execute(text("LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE"))
        answer: Future[httpx.Response] = pool.submit(house.upload, headers=KEY)
        pid = wait_for(lambda: onlooker.execute(text(BLOCKED)).scalar())
        onlooker.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        response = answer.result(timeout=30)
    engine.dispose()
    return response


def test_without_redis_a_submission_is_accepted_all_the_same(
    sqlite_url: str, own_redis: RedisServer, tmp_path: Path
) -> None:
    own_redis.kill()
    app = make_app(settings_for(sqlite_url, tmp_path, redis_url=own_redis.url), no_keys=True)
    with serving(app) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert client.post("/v1/jobs", files={"file": ("a.wav", sound())}).status_code == 202
        assert client.get("/readyz").status_code == 200


@pytest.fixture
def fleet(tmp_path: Path, sqlite_template: Path, redis_url: str) -> Iterator[Fleet]:
    shutil.copyfile(sqlite_template, tmp_path / "longhand.db")
    with running_fleet(tmp_path, database_url=f"sqlite:///{tmp_path / 'longhand.db'}", redis_url=redis_url) as made:
        made.start_service(latency_ms=300)
        made.start_dispatcher()
        yield made


def test_a_worker_that_cannot_write_stops_sending_and_goes_on_when_it_can(fleet: Fleet, tmp_path: Path) -> None:
    worker = fleet.start_worker(sessions=2)
    job_id = fleet.submit(write_wav(tmp_path / "talk.wav", talk(*((2000, 2200),) * 30)))
    wait_for(lambda: len(fleet.received()) >= 4)
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (FULL_BYTES, resource.RLIM_INFINITY))
    full_at_s = time.time()
    wait_for(lambda: fleet.job(job_id).status == "queued" or time.time() > full_at_s + 10)
    sent = len(fleet.received("append"))
    lease_s = float(fleet.settings["LEASE_S"])
    late = [entry for entry in fleet.received("append") if entry["at_s"] > full_at_s + lease_s]
    assert late == []

    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert fleet.ended(job_id, 120).status == "succeeded"
    assert sent < len(fleet.received("append"))
    assert len(fleet.transcript(job_id).segments) == 30
    claims = fleet.job(job_id).fence  # on a slow machine a lease may end by itself, too
    assert len(fleet.received()) <= 30 + 2 * claims  # what was in flight in two sessions at the end of each
