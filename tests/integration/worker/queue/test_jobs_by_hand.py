"""Cancel and retry, by id and by filter."""

import pytest
from sqlalchemy import String, cast, insert, literal, select, true

from tests.fixtures.rows import SPEC, claim, new_recording, read_job, set_job, submit
from worker.database import Database
from worker.errors import DamagedAudio, IllegalMove, LeaseLost, UnknownJob
from worker.models import Job
from worker.queue import jobs, submission
from worker.queue.filters import JobFilter
from worker.states import JobState


def _cancel(database: Database, job_id: str) -> None:
    with database.writing() as session:
        jobs.cancel(session, job_id)
        session.commit()


def _retry(database: Database, job_id: str) -> None:
    with database.writing() as session:
        jobs.retry(session, job_id)
        session.commit()


def test_queued_job_is_cancelled_at_once(database: Database) -> None:
    job_id = submit(database)
    _cancel(database, job_id)
    job = read_job(database, job_id)
    assert job.status == JobState.CANCELLED
    assert job.finished_ms is not None


def test_running_job_is_cancelled_under_its_worker(database: Database) -> None:
    job_id = submit(database)
    claimed = claim(database)
    _cancel(database, job_id)
    assert jobs.renew(database, [claimed], 60) == set()
    with pytest.raises(LeaseLost):
        jobs.fail(database, claimed, DamagedAudio(), "decode")
    assert read_job(database, job_id).status == JobState.CANCELLED


@pytest.mark.parametrize("status", [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED])
def test_what_has_ended_cannot_be_cancelled(database: Database, status: JobState) -> None:
    job_id = submit(database)
    set_job(database, job_id, status=status)
    with pytest.raises(IllegalMove, match=status):
        _cancel(database, job_id)


@pytest.mark.parametrize("status", [JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED])
def test_only_what_failed_or_was_cancelled_is_retried(database: Database, status: JobState) -> None:
    job_id = submit(database)
    set_job(database, job_id, status=status)
    with pytest.raises(IllegalMove, match=status):
        _retry(database, job_id)


def test_unknown_job_is_said_to_be_unknown(database: Database) -> None:
    with pytest.raises(UnknownJob):
        _cancel(database, "nothing")
    with pytest.raises(UnknownJob):
        _retry(database, "nothing")


def test_retried_job_starts_with_a_clean_slate(database: Database) -> None:
    job_id = submit(database)
    jobs.fail(database, claim(database), DamagedAudio(), "decode")
    set_job(database, job_id, losses=2, stalls=4, stall_code="service_fault")
    _retry(database, job_id)
    job = read_job(database, job_id)
    assert (job.status, job.attempts, job.losses, job.stalls) == (JobState.QUEUED, 0, 0, 0)
    assert (job.error, job.error_code, job.finished_ms, job.stall_code) == (None, None, None, None)
    assert claim(database).fence == 2


def test_cancelled_job_is_retried_too(database: Database) -> None:
    job_id = submit(database)
    _cancel(database, job_id)
    _retry(database, job_id)
    assert read_job(database, job_id).status == JobState.QUEUED


def test_many_are_cancelled_by_a_filter_and_others_left(database: Database) -> None:
    ended = submit(database, 1)
    jobs.fail(database, claim(database), DamagedAudio(), "decode")
    chosen = [submit(database, 2), submit(database, 3)]
    with database.writing() as session:
        elsewhere = submission.submit(session, new_recording(4, archive="other"), SPEC).job_id
        assert jobs.cancel_many(session, JobFilter(archive="tests")) == 2
        session.commit()
    states = [read_job(database, job_id).status for job_id in (ended, *chosen, elsewhere)]
    assert states == [JobState.FAILED, JobState.CANCELLED, JobState.CANCELLED, JobState.QUEUED]


def test_many_are_retried_by_their_error_code(database: Database) -> None:
    damaged, lost = submit(database, 1), submit(database, 2)
    set_job(database, damaged, status=JobState.FAILED, error_code="damaged_audio")
    set_job(database, lost, status=JobState.FAILED, error_code="worker_lost")
    with database.writing() as session:
        assert jobs.retry_many(session, JobFilter(code="worker_lost")) == 1
        session.commit()
    assert read_job(database, damaged).status == JobState.FAILED
    assert read_job(database, lost).status == JobState.QUEUED


def test_retrying_many_never_takes_a_running_job_from_its_worker(database: Database) -> None:
    submit(database)
    claimed = claim(database)
    with database.writing() as session:
        assert jobs.retry_many(session, JobFilter()) == 0
        session.commit()
    assert jobs.renew(database, [claimed], 60) == {(claimed.job_id, claimed.fence)}


def test_more_jobs_are_retried_than_a_statement_takes_values(sqlite_database: Database) -> None:
    submit(sqlite_database)
    first = select(literal(1).label("number")).cte(recursive=True)
    numbers = first.union_all(select(first.c.number + 1).where(first.c.number < 33_000))
    kept = [column for column in Job.__table__.columns if column.name not in {"id", "status"}]
    copies = select(cast(numbers.c.number, String), literal(JobState.FAILED.value), *kept).join_from(
        Job, numbers, true()
    )
    with sqlite_database.writing() as session:
        session.execute(insert(Job).from_select(["id", "status", *(column.name for column in kept)], copies))
        assert jobs.retry_many(session, JobFilter()) == 33_000
