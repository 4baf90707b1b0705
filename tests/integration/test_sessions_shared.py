"""Sessions and permits go from one job to the next: counted at the local service, through a worker's own parts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fixtures.attempts import House
from tests.fixtures.recognizer import StartRecognizer
from tests.fixtures.sounds import silence, tone
from worker.recognise.transport import SegmentTransport
from worker.spec import Spec

SESSIONS = 3
JOBS_AT_ONCE = 8
MESSAGES = 60
PLAIN = Spec(service="local", model="scripted", language="en")


@pytest.fixture
def house(tmp_path: Path, sqlite_url: str, redis_url: str, start_recognizer: StartRecognizer) -> Iterator[House]:
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
    made = House(tmp_path, settings, start_recognizer)
    made.open(latency_ms=20)
    yield made
    made.close()


def submit_messages(house: House) -> list[str]:
    """Short voice messages, no two alike."""
    return [house.submit(tone(1000, hz=200 + 10 * number), silence(1000), spec=PLAIN) for number in range(MESSAGES)]


def work_through(house: House) -> None:
    with ThreadPoolExecutor(JOBS_AT_ONCE) as threads:
        for done in [threads.submit(house.attempt) for _ in range(MESSAGES)]:
            done.result()


def test_many_short_messages_share_a_few_sessions(house: House) -> None:
    messages = submit_messages(house)
    work_through(house)
    assert {house.job(job_id).status for job_id in messages} == {"succeeded"}
    assert len(house.received("commit")) == MESSAGES
    assert 1 <= len(house.received("handshake")) <= SESSIONS


def test_a_permit_goes_from_segment_to_segment_without_anybody_having_to_ask_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many permits as sessions: whoever has sent one segment has the permit for the next at once."""
    asked_twice: list[object] = []
    monkeypatch.setattr(SegmentTransport, "_be_patient", lambda _self, lease: asked_twice.append(lease))
    house.open(latency_ms=20)
    submit_messages(house)
    work_through(house)
    assert len(house.received("commit")) == MESSAGES
    assert asked_twice == []
