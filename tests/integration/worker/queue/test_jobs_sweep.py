"""The sweep goes by the leases alone: what was not renewed is queued again, and fails at the third time in a row."""

import pytest

from realtime.protocol.errors import ServiceFault
from tests.fixtures.rows import claim, read_job, set_job, submit
from worker.claims.claim import Claim
from worker.database import Database
from worker.errors import LeaseLost
from worker.queue import claim_query, jobs, sweep
from worker.shapes.times import Deadline
from worker.states import JobState, Lane

SOON = Deadline(in_ms=60_000)


def _lose(database: Database) -> Claim:
    claimed = claim(database)
    set_job(database, claimed.job_id, lease_until_ms=1)
    return claimed


def test_live_leases_are_left_alone(database: Database) -> None:
    submit(database)
    claim(database)
    assert sweep.expire(database) == []


def test_job_whose_lease_ended_is_queued_again_at_its_place(database: Database) -> None:
    job_id = submit(database, 1)
    younger = submit(database, 2)
    _lose(database)
    assert sweep.expire(database) == [job_id]
    job = read_job(database, job_id)
    assert (job.status, job.losses, job.attempts, job.worker) == (JobState.QUEUED, 1, 0, None)
    assert [claim(database).job_id for _ in range(2)] == [job_id, younger]


def test_whoever_lost_its_lease_writes_nothing_more(database: Database) -> None:
    submit(database)
    lost = _lose(database)
    sweep.expire(database)
    assert jobs.renew(database, [lost], 60) == set()
    with pytest.raises(LeaseLost):
        jobs.release(database, lost)


def test_lease_that_ended_unseen_may_still_be_renewed(database: Database) -> None:
    submit(database)
    late = _lose(database)
    assert jobs.renew(database, [late], 60) == {(late.job_id, late.fence)}
    assert sweep.expire(database) == []


def test_third_loss_in_a_row_fails_the_job(database: Database) -> None:
    job_id = submit(database)
    for _ in range(3):
        _lose(database)
        sweep.expire(database)
    job = read_job(database, job_id)
    assert (job.status, job.error_code, job.losses) == (JobState.FAILED, "worker_lost", 3)
    assert job.error is not None
    assert job.error["stage"] == "worker"


def test_sweep_takes_many_in_one_go(database: Database) -> None:
    expected = {submit(database, number) for number in range(5)}
    for _ in range(5):
        _lose(database)
    assert set(sweep.expire(database)) == expected


def test_a_queued_job_past_its_deadline_fails_with_what_it_waited_for(database: Database) -> None:
    idle, waiting, patient = submit(database, 1, deadline=SOON), submit(database, 2, deadline=SOON), submit(database, 3)
    set_job(database, waiting, waiting_code="service_unreachable")
    for job_id in (idle, waiting):
        assert read_job(database, job_id).deadline_ms == pytest.approx(read_job(database, job_id).created_ms + 60_000)
        set_job(database, job_id, deadline_ms=1)
    assert set(sweep.fail_overdue(database)) == {idle, waiting}
    job = read_job(database, waiting)
    assert (job.status, job.error_code, job.attempts, job.waiting_code) == (
        JobState.FAILED,
        "deadline_exceeded",
        0,
        None,
    )
    assert job.error is not None
    assert "service_unreachable" in job.error["message"]
    assert read_job(database, patient).status == JobState.QUEUED


def test_a_deadline_that_has_not_come_and_a_job_at_work_are_left_alone(database: Database) -> None:
    submit(database, 1, deadline=SOON)
    claimed = claim(database)
    later = submit(database, 2, deadline=SOON)
    set_job(database, claimed.job_id, deadline_ms=1)
    assert sweep.fail_overdue(database) == []
    assert read_job(database, later).status == JobState.QUEUED
    jobs.requeue(database, claimed, due_in_s=3600, waiting=ServiceFault(), charge=False)
    assert sweep.fail_overdue(database) == [claimed.job_id]


def test_nobody_claims_a_job_past_its_deadline(database: Database) -> None:
    set_job(database, submit(database, deadline=SOON), deadline_ms=1)
    assert claim_query.count_due(database, Lane.NORMAL, 10) == 0
    assert jobs.claim(database, Lane.NORMAL, "w1", 60) is None


def test_very_many_overdue_jobs_fail_slice_by_slice(database: Database) -> None:
    submitted = {submit(database, number, deadline=Deadline(at_ms=1)) for number in range(5)}
    assert set(sweep.fail_overdue(database, at_once=2)) == submitted


def test_a_retry_forgets_a_deadline_that_has_passed_and_keeps_one_that_has_not(database: Database) -> None:
    passed, ahead = submit(database, 1, deadline=Deadline(at_ms=1)), submit(database, 2, deadline=SOON)
    sweep.fail_overdue(database)
    with database.writing() as session:
        jobs.cancel(session, ahead)
        jobs.retry(session, passed)
        jobs.retry(session, ahead)
        session.commit()
    assert read_job(database, passed).deadline_ms is None
    assert read_job(database, ahead).deadline_ms is not None
