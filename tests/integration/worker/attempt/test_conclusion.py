"""What becomes of a job whose attempt raised, on both databases."""

import threading
import time

import pytest
from sqlalchemy.exc import OperationalError

from realtime.protocol.errors import CodedError, KeyRefused, ServiceFault
from tests.fixtures.rows import claim, read_job, set_job, submit
from worker.attempt.conclusion import as_coded, conclude, stage_of
from worker.claims.claim import Claim
from worker.claims.lease import Lease, Stop
from worker.database import Database
from worker.errors import (
    DamagedAudio,
    DatabaseUnavailable,
    DecoderFailed,
    JobCancelled,
    LeaseLost,
    NoAudioStream,
    SourceUnreachable,
    Stopping,
    StorageFailed,
    UnexpectedError,
)
from worker.queue import jobs


@pytest.fixture
def claimed(database: Database) -> Claim:
    submit(database)
    return claim(database)


def end(database: Database, claimed: Claim, error: Exception, *, got_on: bool = False, now: bool = False) -> None:
    stop = Stop()
    if now:
        stop.now.set()
    lease = Lease(claimed, stop, claimed_at=time.monotonic())
    conclude(database, lease, error, got_on=got_on, retry_s=0.01)


def test_a_bad_recording_fails_its_job_at_once(database: Database, claimed: Claim) -> None:
    end(database, claimed, DamagedAudio())

    job = read_job(database, claimed.job_id)
    assert (job.status, job.error_code, job.attempts) == ("failed", "damaged_audio", 1)


def test_an_outage_queues_the_job_again_and_says_what_it_waits_for(database: Database, claimed: Claim) -> None:
    end(database, claimed, ServiceFault("The service says: oops."))

    job = read_job(database, claimed.job_id)
    assert (job.status, job.attempts) == ("queued", 0)
    assert (job.waiting_code, job.waiting_message) == ("service_fault", "The service says: oops.")


def test_a_defect_is_charged_and_tried_again(database: Database, claimed: Claim) -> None:
    end(database, claimed, ZeroDivisionError("division by zero"))

    job = read_job(database, claimed.job_id)
    assert (job.status, job.attempts, job.waiting_code) == ("queued", 1, "unexpected_error")
    assert "division by zero" not in (job.waiting_message or "")  # a message of ours could hold a secret


def test_the_fifth_defect_fails_the_job(database: Database, claimed: Claim) -> None:
    set_job(database, claimed.job_id, attempts=4)
    jobs.release(database, claimed)
    end(database, claim(database), ZeroDivisionError())

    job = read_job(database, claimed.job_id)
    assert (job.status, job.error_code, job.attempts) == ("failed", "unexpected_error", 5)


def test_a_process_that_stops_gives_the_job_back_as_it_was(database: Database, claimed: Claim) -> None:
    end(database, claimed, Stopping())

    job = read_job(database, claimed.job_id)
    assert (job.status, job.attempts, job.losses, job.waiting_code) == ("queued", 0, 0, None)
    assert claim(database).fence == claimed.fence + 1


@pytest.mark.parametrize("error", [LeaseLost(), JobCancelled()])
def test_a_job_that_is_somebody_elses_is_left_alone(database: Database, claimed: Claim, error: Exception) -> None:
    before = read_job(database, claimed.job_id).changed_ms
    end(database, claimed, error)

    assert read_job(database, claimed.job_id).changed_ms == before


def test_a_job_taken_over_meanwhile_is_left_to_its_successor(database: Database, claimed: Claim) -> None:
    set_job(database, claimed.job_id, fence=claimed.fence + 1)
    end(database, claimed, DamagedAudio())

    assert read_job(database, claimed.job_id).status == "running"


def test_each_stall_waits_longer_until_an_answer_was_stored(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.random", lambda: 0.5)
    submit(sqlite_database)
    waits: list[int] = []
    for got_on in (False, False, False, True):
        claimed = claim(sqlite_database)
        end(sqlite_database, claimed, ServiceFault(), got_on=got_on)
        job = read_job(sqlite_database, claimed.job_id)
        waits.append(round((job.due_ms - job.changed_ms) / 1000))
        set_job(sqlite_database, claimed.job_id, due_ms=1)

    assert waits == [1, 2, 4, 1]


def test_a_database_that_comes_back_is_told(sqlite_database: Database) -> None:
    submit(sqlite_database)
    claimed = claim(sqlite_database)
    with sqlite_database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO away")
    telling = threading.Thread(target=end, args=(sqlite_database, claimed, DamagedAudio()))
    telling.start()
    telling.join(0.2)
    assert telling.is_alive()
    with sqlite_database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO jobs")
    telling.join(30)

    assert read_job(sqlite_database, claimed.job_id).status == "failed"


def test_a_process_that_stops_at_once_waits_for_no_database(sqlite_database: Database) -> None:
    submit(sqlite_database)
    claimed = claim(sqlite_database)
    with sqlite_database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO away")

    end(sqlite_database, claimed, Stopping(), now=True)  # returns


def test_an_absent_database_has_a_code_and_every_other_error_is_ours() -> None:
    assert isinstance(as_coded(OperationalError("SELECT", {}, Exception())), DatabaseUnavailable)
    assert isinstance(as_coded(KeyError("x")), UnexpectedError)
    known = DecoderFailed()
    assert as_coded(known) is known


@pytest.mark.parametrize(
    ("error", "stage"),
    [
        (SourceUnreachable(), "fetch"),
        (NoAudioStream(), "decode"),
        (KeyRefused(), "recognise"),
        (StorageFailed(), "store"),
    ],
)
def test_an_error_tells_at_which_stage_it_arises(error: CodedError, stage: str) -> None:
    assert stage_of(error) == stage
