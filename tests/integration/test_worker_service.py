"""What a service can do to jobs: refuse, be away, fail, hang up. One worker lives through all of it."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.fixtures.redis import RedisServer
from tests.fixtures.sounds import talk, tone, write_wav
from tests.fixtures.waiting import wait_for
from tests.fixtures.worker_processes import Fleet, running_fleet
from worker import breakers
from worker.models import Job, ServiceState
from worker.queue import jobs
from worker.queue.filters import JobFilter
from worker.states import BreakerState, JobState, SegmentState

SESSIONS = 4


@pytest.fixture(scope="module")
def shared_fleet(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, _shared_redis: RedisServer
) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    shutil.copyfile(sqlite_template, folder / "longhand.db")
    with running_fleet(folder, database_url=f"sqlite:///{folder / 'longhand.db'}", redis_url=_shared_redis.url) as made:
        made.start_dispatcher()
        made.start_worker()
        yield made


@pytest.fixture
def fleet(shared_fleet: Fleet) -> Iterator[Fleet]:
    """Without a service yet; what a test did to it is undone."""
    yield shared_fleet
    with shared_fleet.database.writing() as session:
        jobs.cancel_many(session, JobFilter())
        session.commit()
    shared_fleet.stop_service()
    breakers.service_recovered(shared_fleet.database, "local")


def submit_segments(fleet: Fleet, path: Path, count: int, *, dbfs: float) -> str:
    """A recording of so many segments; each level makes sounds of its own."""
    return fleet.submit(write_wav(path / "talk.wav", talk(*((2000, 2200),) * count, dbfs=dbfs)))


def test_a_cancelled_job_stops_sending(fleet: Fleet, tmp_path: Path) -> None:
    fleet.start_service(latency_ms=1500)
    job_id = submit_segments(fleet, tmp_path, 16, dbfs=-20)
    wait_for(fleet.received)
    cancelled_at_s = time.time()
    with fleet.database.writing() as session:
        jobs.cancel(session, job_id)
        session.commit()
    wait_for(lambda: job_id in fleet.logs() and "somebody else decides" in fleet.logs())
    after = fleet.submit(write_wav(tmp_path / "after.wav", tone(1100)))

    assert fleet.ended(after).status == "succeeded"  # the sessions serve others
    others = fleet.received()[-1]["item"]
    late = [entry for entry in fleet.received("append") if entry["at_s"] > cancelled_at_s + 5]
    assert {entry["item"] for entry in late} <= {others}
    assert fleet.job(job_id).status == "cancelled"
    assert len(fleet.received()) < 16


def test_a_refused_key_burns_nothing_and_says_what_is_waited_for(fleet: Fleet, tmp_path: Path) -> None:
    fleet.start_service(key="another")
    submitted = [fleet.submit(write_wav(tmp_path / f"{n}.wav", tone(1000 + n))) for n in range(3)]
    wait_for(lambda: {fleet.job(job_id).waiting_code for job_id in submitted} == {"key_refused"})
    wait_for(lambda: {fleet.job(job_id).status for job_id in submitted} == {"queued"})

    assert {fleet.job(job_id).attempts for job_id in submitted} == {0}
    assert "LONGHAND_SERVICE_KEY" in (fleet.job(submitted[0]).waiting_message or "")
    assert breakers.service_states(fleet.database)["local"].state is BreakerState.REFUSED
    assert len(fleet.received("handshake")) <= SESSIONS
    assert fleet.received("append") == []


def test_the_jobs_go_on_by_themselves_when_the_service_takes_the_key_again(fleet: Fleet, tmp_path: Path) -> None:
    fleet.start_service(key="another")
    job_id = fleet.submit(write_wav(tmp_path / "talk.wav", tone(1200)))
    wait_for(lambda: fleet.job(job_id).stalls and fleet.job(job_id).status == "queued")
    fleet.stop_service()
    fleet.start_service()
    let_the_probe_be_due(fleet)

    assert fleet.ended(job_id).status == "succeeded"
    assert breakers.service_states(fleet.database)["local"].state is BreakerState.OPEN


def test_an_outage_of_the_service_fails_no_job(fleet: Fleet, tmp_path: Path) -> None:
    job_id = fleet.submit(write_wav(tmp_path / "talk.wav", tone(1300)))
    wait_for(lambda: fleet.job(job_id).waiting_code == "service_unreachable")
    fleet.start_service()

    job = fleet.ended(job_id)
    assert (job.status, job.attempts, job.waiting_code) == ("succeeded", 1, None)


def test_faults_of_single_connections_are_got_over(fleet: Fleet, tmp_path: Path) -> None:
    fleet.start_service(fault="reset:0.3,fail:InternalError:0.3")
    job_id = submit_segments(fleet, tmp_path, 16, dbfs=-19)

    assert fleet.ended(job_id).status == "succeeded"
    transcript = fleet.transcript(job_id)
    assert len(transcript.segments) == 16
    # counted before each frame goes out, so what a breaking connection swallowed counts too
    assert transcript.sent_ms >= sum(entry["bytes"] for entry in fleet.received("append")) / 32
    assert len(fleet.received()) > 16


def test_a_job_whose_content_is_refused_fails_with_its_gaps(fleet: Fleet, tmp_path: Path) -> None:
    fleet.start_service(fault="fail:DataInspectionFailed")
    job = fleet.ended(submit_segments(fleet, tmp_path, 2, dbfs=-18))

    assert (job.status, job.error_code, job.attempts) == ("failed", "content_refused", 1)
    assert {segment.state for segment in fleet.segments(job.id)} == {SegmentState.GAP}


def let_the_probe_be_due(fleet: Fleet) -> None:
    """The minute between two probes goes by."""
    with fleet.database.writing() as session:
        session.execute(update(ServiceState).values(next_try_ms=1))
        session.execute(update(Job).where(Job.status == JobState.QUEUED).values(due_ms=1))
        session.commit()
