"""Jobs that the service cuts, through real worker processes: killed, stopped, cancelled, refused a connection."""

import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fixtures.sounds import talk, write_wav
from tests.fixtures.waiting import wait_for
from tests.fixtures.worker_processes import SCRIPTED, Fleet, running_fleet
from worker.models import Segment
from worker.queue import jobs
from worker.states import Segmentation

STREAMED = replace(SCRIPTED, segmentation=Segmentation.SERVER_VAD)
PARTS = ((2000, 1500),) * 12  # 42 s, twelve utterances
LENGTH_MS = 42_000
PACE = 8  # 5 s for all of it
TOLERANCE_MS = 60


@pytest.fixture
def fleet(tmp_path: Path, sqlite_url: str, redis_url: str) -> Iterator[Fleet]:
    with running_fleet(tmp_path, database_url=sqlite_url, redis_url=redis_url) as made:
        made.start_dispatcher()
        yield made


def submit(fleet: Fleet) -> str:
    return fleet.submit(write_wav(fleet.folder / "talk.wav", talk(*PARTS)), STREAMED)


def at_least(fleet: Fleet, job_id: str, count: int) -> list[Segment]:
    return wait_for(lambda: found if len(found := fleet.segments(job_id)) >= count else None)


def assert_whole(fleet: Fleet, job_id: str) -> None:
    """Each utterance is there once and uncut."""
    starts = [index * 3500 for index in range(len(PARTS))]
    segments = fleet.transcript(job_id).segments
    assert [segment["start_ms"] for segment in segments] == pytest.approx(starts, abs=TOLERANCE_MS)
    assert [segment["end_ms"] - segment["start_ms"] for segment in segments] == pytest.approx(
        [2000] * len(PARTS), abs=TOLERANCE_MS
    )


def sent_by_session(fleet: Fleet) -> dict[str, int]:
    """The ms of audio that each session of the service received, in the order of their beginnings."""
    sent: dict[str, int] = {}
    for entry in fleet.received("append"):
        sent[entry["session"]] = sent.get(entry["session"], 0) + entry["bytes"] // 32
    return sent


def test_a_killed_worker_s_stream_goes_on_behind_its_last_utterance(fleet: Fleet) -> None:
    fleet.start_service()
    worker = fleet.start_worker(pace=PACE)
    job_id = submit(fleet)
    at_least(fleet, job_id, 4)
    worker.kill()
    worker.wait()
    before = fleet.segments(job_id)
    fleet.start_worker()

    job = fleet.ended(job_id)
    assert (job.status, job.fence) == ("succeeded", 2)
    assert_whole(fleet, job_id)
    kept = {segment.id: segment.answer_id for segment in before}
    assert {segment.id: segment.answer_id for segment in fleet.segments(job_id) if segment.id in kept} == kept
    _first, second = sent_by_session(fleet).values()
    assert second == LENGTH_MS - before[-1].end_ms


def test_sigterm_gives_a_stream_back_with_no_utterance_cut(fleet: Fleet) -> None:
    fleet.start_service()
    worker = fleet.start_worker(pace=PACE)
    job_id = submit(fleet)
    at_least(fleet, job_id, 3)
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(timeout=30) == 0
    job, sent_ms = fleet.job(job_id), sum(sent_by_session(fleet).values())
    assert (job.status, job.attempts, job.losses) == ("queued", 0, 0)
    assert job.sent_outside_ms + sum(segment.sent_ms for segment in fleet.segments(job_id)) == sent_ms
    fleet.start_worker()
    assert fleet.ended(job_id).status == "succeeded"
    assert_whole(fleet, job_id)


def test_a_cancelled_stream_stops_sending(fleet: Fleet) -> None:
    fleet.start_service()
    fleet.start_worker(pace=1)
    job_id = submit(fleet)
    at_least(fleet, job_id, 1)
    with fleet.database.writing() as session:
        jobs.cancel(session, job_id)
        session.commit()
    cancelled_at_s = time.time()
    wait_for(lambda: "somebody else decides" in fleet.logs())
    wait_for(lambda: fleet.received("end"))

    assert max(entry["at_s"] for entry in fleet.received("append")) < cancelled_at_s + 5
    assert fleet.job(job_id).status == "cancelled"
    assert sum(sent_by_session(fleet).values()) < LENGTH_MS


def test_resets_in_the_middle_cost_no_utterance(fleet: Fleet) -> None:
    fleet.start_service(fault="reset:0.3", fault_seed=5)
    fleet.start_worker(pace=30)
    job_id = submit(fleet)

    assert fleet.ended(job_id).status == "succeeded"
    assert_whole(fleet, job_id)
    assert len(sent_by_session(fleet)) > 1
    assert fleet.transcript(job_id).sent_ms >= sum(sent_by_session(fleet).values())


def test_streams_leave_a_session_to_segments(fleet: Fleet) -> None:
    fleet.start_service()
    fleet.start_worker(pace=1, sessions=2, permits=2)
    streams = [fleet.submit(write_wav(fleet.folder / f"{n}.wav", talk(*PARTS, dbfs=-14 - n)), STREAMED) for n in (1, 2)]
    wait_for(lambda: [job_id for job_id in streams if fleet.segments(job_id)])
    short = fleet.submit(write_wav(fleet.folder / "short.wav", talk((1000, 0), dbfs=-12)))

    assert fleet.ended(short).status == "succeeded"
    assert {fleet.job(job_id).status for job_id in streams} == {"running"}
