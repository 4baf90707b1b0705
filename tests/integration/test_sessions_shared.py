"""Sessions and permits go from one job to the next: counted at the local service, through a worker's own parts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fixtures.attempts import Worker
from tests.fixtures.recognizer import StartRecognizer
from tests.fixtures.sounds import silence, tone
from worker.recognise.transport import SegmentTransport
from worker.spec import Spec

SESSIONS = 3
JOBS_AT_ONCE = 8
MESSAGES = 60
PLAIN = Spec(service="local", model="scripted", language="en")


@pytest.fixture
def worker(tmp_path: Path, sqlite_url: str, redis_url: str, start_recognizer: StartRecognizer) -> Iterator[Worker]:
    settings = {
        "home": tmp_path,
        "database_url": sqlite_url,
        "redis_url": redis_url,
        "jobs": JOBS_AT_ONCE,
        "sessions": SESSIONS,
        "permits": SESSIONS,
        "sessions_per_s": 1.0,  # a session for each message would take a minute
        "renew_s": 3600,
    }
    made = Worker(tmp_path, settings, start_recognizer)
    made.open(latency_ms=20)
    yield made
    made.close()


def submit_messages(worker: Worker) -> list[str]:
    """Short voice messages, no two alike."""
    return [worker.submit(tone(1000, hz=200 + 10 * number), silence(1000), spec=PLAIN) for number in range(MESSAGES)]


def work_through(worker: Worker) -> None:
    with ThreadPoolExecutor(JOBS_AT_ONCE) as threads:
        for done in [threads.submit(worker.attempt) for _ in range(MESSAGES)]:
            done.result()


def test_many_short_messages_share_a_few_sessions(worker: Worker) -> None:
    messages = submit_messages(worker)
    work_through(worker)
    assert {worker.job(job_id).status for job_id in messages} == {"succeeded"}
    assert len(worker.received("commit")) == MESSAGES
    assert 1 <= len(worker.received("handshake")) <= SESSIONS


def test_a_permit_goes_from_segment_to_segment_without_anybody_having_to_ask_twice(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many permits as sessions: whoever has sent one segment has the permit for the next at once."""
    asked_twice: list[object] = []
    monkeypatch.setattr(SegmentTransport, "_be_patient", lambda _self, lease: asked_twice.append(lease))
    worker.open(latency_ms=20)
    submit_messages(worker)
    work_through(worker)
    assert len(worker.received("commit")) == MESSAGES
    assert asked_twice == []
