"""Audio that was sent for nothing is counted: of a job that is cancelled, and of one that its process gives up."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.fixtures.attempts import submit_recording
from tests.fixtures.recognizer import StartRecognizer
from tests.fixtures.rows import read_job
from tests.fixtures.sounds import talk, write_wav
from tests.fixtures.waiting import wait_for
from worker.attempt.pipeline import work_on
from worker.attempt.resources import WorkerResources, open_resources
from worker.claims.claim import Claim
from worker.claims.lease import Stop
from worker.models import Segment
from worker.queue import jobs
from worker.settings import Settings
from worker.spec import Spec
from worker.states import Lane


@pytest.fixture
def stop() -> Stop:
    return Stop()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "received.jsonl"


@pytest.fixture
def service_url(start_recognizer: StartRecognizer, log: Path) -> str:
    return start_recognizer(log=log).url


@pytest.fixture
def resources(
    tmp_path: Path, sqlite_url: str, redis_url: str, service_url: str, stop: Stop
) -> Iterator[WorkerResources]:
    places: dict[str, Any] = {"database_url": sqlite_url, "redis_url": redis_url, "local_url": service_url}
    settings = Settings(home=tmp_path, **places, pace=1, renew_s=0.1)
    opened = open_resources(settings, stop)
    yield opened
    opened.close()


def claimed_job(resources: WorkerResources, path: Path) -> Claim:
    submit_recording(resources, path, Spec(service="local", model="scripted"))
    claimed = jobs.claim(resources.database, Lane.NORMAL, "w", 60)
    assert claimed is not None
    return claimed


def received_ms(log: Path) -> float:
    lines = log.read_text().splitlines() if log.exists() else []
    return sum(int(entry["bytes"]) for entry in map(json.loads, lines) if entry["event"] == "append") / 32


def sent_until(resources: WorkerResources, claimed: Claim, log: Path, end: Callable[[], object]) -> int:
    """Work on the job, which is sent at the pace of speech, and end it in the middle; what was counted."""
    working = threading.Thread(target=work_on, args=(resources, claimed, time.monotonic()))
    working.start()
    wait_for(lambda: received_ms(log) >= 500)
    end()
    working.join(30)
    with resources.database.reading() as session:
        return int(session.scalar(select(func.sum(Segment.sent_ms))) or 0)


def test_what_a_cancelled_job_had_sent_is_counted(resources: WorkerResources, log: Path, tmp_path: Path) -> None:
    claimed = claimed_job(resources, write_wav(tmp_path / "talk.wav", talk((9000, 2000))))

    def cancel() -> None:
        with resources.database.writing() as session:
            jobs.cancel(session, claimed.job_id)
            session.commit()

    counted_ms = sent_until(resources, claimed, log, cancel)
    assert read_job(resources.database, claimed.job_id).status == "cancelled"
    assert received_ms(log) <= counted_ms <= 9500


def test_what_a_process_that_stops_at_once_had_sent_is_counted(
    resources: WorkerResources, stop: Stop, log: Path, tmp_path: Path
) -> None:
    claimed = claimed_job(resources, write_wav(tmp_path / "talk.wav", talk((9000, 2000))))

    def hurry() -> None:
        stop.asked.set()
        stop.now.set()

    counted_ms = sent_until(resources, claimed, log, hurry)
    assert read_job(resources.database, claimed.job_id).status == "queued"
    assert received_ms(log) <= counted_ms <= 9500


def test_nothing_is_counted_for_a_job_that_somebody_else_has_claimed(
    resources: WorkerResources, log: Path, tmp_path: Path
) -> None:
    claimed = claimed_job(resources, write_wav(tmp_path / "talk.wav", talk((9000, 2000))))

    def take_over() -> None:
        jobs.release(resources.database, claimed)
        assert jobs.claim(resources.database, Lane.NORMAL, "other", 60) is not None

    assert sent_until(resources, claimed, log, take_over) == 0
