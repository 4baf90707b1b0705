"""The verbs for workers: claim, renew, requeue, release, finish, fail, and the sweep."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from realtime.protocol.errors import KeyRefused, ServiceFault
from tests.fixtures.rows import SPEC, claim, read_job, set_job, submit
from worker.claims.claim import Claim
from worker.database import Database
from worker.errors import DamagedAudio, LeaseLost, UnexpectedError
from worker.queue import claim_query, jobs
from worker.states import JobState, Lane, Segmentation


def test_claim_takes_the_job_for_a_worker_until_its_lease_ends(database: Database) -> None:
    job_id = submit(database)
    claimed = claim(database, worker="w7", lease_s=60)
    job = read_job(database, job_id)
    assert (claimed.job_id, claimed.fence, claimed.spec) == (job_id, 1, SPEC)
    assert (job.status, job.worker, job.fence) == (JobState.RUNNING, "w7", 1)
    assert job.lease_until_ms is not None
    assert job.started_ms is not None
    assert abs(job.lease_until_ms - job.started_ms - 60_000) < 5000


def test_nothing_due_is_no_claim(database: Database) -> None:
    assert jobs.claim(database, Lane.NORMAL, "w1", 60) is None


def test_claim_takes_priority_before_age(database: Database) -> None:
    old = submit(database, 1)
    urgent = submit(database, 2, spec=replace(SPEC, priority=10))
    young = submit(database, 3)
    assert [claim(database).job_id for _ in range(3)] == [urgent, old, young]


def test_claim_stays_in_its_lane(database: Database) -> None:
    submit(database, spec=replace(SPEC, lane=Lane.BULK))
    assert jobs.claim(database, Lane.NORMAL, "w1", 60) is None
    assert jobs.claim(database, Lane.BULK, "w1", 60) is not None


def test_job_is_not_claimed_before_it_is_due(database: Database) -> None:
    submit(database)
    jobs.requeue(database, claim(database), due_in_s=3600, waiting=None, charge=False)
    assert jobs.claim(database, Lane.NORMAL, "w1", 60) is None
    assert claim_query.count_due(database, Lane.NORMAL, 10) == 0


def test_claim_passes_over_a_recording_that_is_worked_on_under_the_same_key(database: Database) -> None:
    submit(database, 1)
    submit(database, 1, spec=replace(SPEC, segmentation=Segmentation.SUBTITLES))
    other = submit(database, 2)
    first = claim(database)
    assert claim(database).job_id == other
    assert jobs.claim(database, Lane.NORMAL, "w1", 60) is None
    jobs.release(database, first)
    assert jobs.claim(database, Lane.NORMAL, "w1", 60) is not None


def test_another_recognition_key_may_work_on_the_recording_beside(database: Database) -> None:
    submit(database)
    submit(database, fresh=True)
    assert {claim(database).spec.revision for _ in range(2)} == {0, 1}


def test_due_jobs_are_counted_no_further_than_asked(database: Database) -> None:
    for number in range(3):
        submit(database, number)
    assert claim_query.count_due(database, Lane.NORMAL, 10) == 3
    assert claim_query.count_due(database, Lane.NORMAL, 2) == 2
    assert claim_query.count_due(database, Lane.BULK, 2) == 0


def test_started_is_the_first_claim(database: Database) -> None:
    job_id = submit(database)
    jobs.release(database, claim(database))
    set_job(database, job_id, started_ms=1)
    claim(database)
    assert read_job(database, job_id).started_ms == 1


def test_renewing_holds_what_is_still_held(database: Database) -> None:
    first, second, third = (submit(database, number) for number in range(3))
    claims = [claim(database) for _ in range(3)]
    jobs.release(database, claims[0])
    with database.writing() as session:
        jobs.cancel(session, second)
        session.commit()
    before = read_job(database, third).lease_until_ms
    assert jobs.renew(database, claims, 3600) == {(third, claims[2].fence)}
    assert (read_job(database, third).lease_until_ms or 0) > (before or 0) + 3_000_000
    assert read_job(database, first).lease_until_ms is None


def test_renewing_nothing_holds_nothing(database: Database) -> None:
    assert jobs.renew(database, [], 60) == set()


def test_job_given_back_unchanged_can_be_claimed_at_once(database: Database) -> None:
    job_id = submit(database)
    jobs.release(database, claim(database))
    job = read_job(database, job_id)
    assert (job.status, job.worker, job.lease_until_ms, job.attempts) == (JobState.QUEUED, None, None, 0)
    assert claim(database).fence == 2


def test_job_says_what_it_waits_for_until_it_is_claimed(database: Database) -> None:
    job_id = submit(database)
    jobs.requeue(database, claim(database), due_in_s=0, waiting=KeyRefused("no such key"), charge=False)
    job = read_job(database, job_id)
    assert (job.waiting_code, job.waiting_message, job.attempts) == ("key_refused", "no such key", 0)
    assert job.waiting_since_ms is not None
    claim(database)
    assert read_job(database, job_id).waiting_code is None


def test_waiting_keeps_its_beginning_while_the_trouble_goes_on(database: Database) -> None:
    job_id = submit(database)
    jobs.requeue(database, claim(database), due_in_s=0, waiting=ServiceFault(), charge=False)
    set_job(database, job_id, stall_since_ms=5)
    jobs.requeue(database, claim(database), due_in_s=0, waiting=ServiceFault(), charge=False)
    assert read_job(database, job_id).waiting_since_ms == 5
    assert claim(database).stalls == 2


def test_another_trouble_begins_anew(database: Database) -> None:
    job_id = submit(database)
    jobs.requeue(database, claim(database), due_in_s=0, waiting=ServiceFault(), charge=False)
    set_job(database, job_id, stall_since_ms=5)
    jobs.requeue(database, claim(database), due_in_s=0, waiting=KeyRefused(), charge=False)
    assert (read_job(database, job_id).waiting_since_ms or 0) > 5
    assert claim(database).stalls == 1


def test_only_a_charged_outcome_counts_as_an_attempt(database: Database) -> None:
    submit(database)
    jobs.requeue(database, claim(database), due_in_s=0, waiting=None, charge=True)
    jobs.requeue(database, claim(database), due_in_s=0, waiting=None, charge=False)
    assert claim(database).attempts == 1


def test_failed_job_says_why_and_where(database: Database) -> None:
    job_id = submit(database)
    jobs.fail(database, claim(database), DamagedAudio("It breaks off.", service_code="x"), "decode")
    job = read_job(database, job_id)
    assert (job.status, job.error_code, job.attempts, job.worker) == (JobState.FAILED, "damaged_audio", 1, None)
    assert job.finished_ms is not None
    assert job.error == {
        "code": "damaged_audio",
        "message": "It breaks off.",
        "stage": "decode",
        "retryable": False,
        "service_code": "x",
        "hint": DamagedAudio.hint,
    }


def test_unfinished_cut_cannot_be_finished(database: Database) -> None:
    job_id = submit(database)
    claimed = claim(database)
    with pytest.raises(UnexpectedError):
        jobs.finish(database, claimed)
    assert read_job(database, job_id).status == JobState.RUNNING
    assert read_job(database, job_id).attempts == 0


ENDINGS: dict[str, Callable[[Database, Claim], object]] = {
    "requeue": lambda database, old: jobs.requeue(database, old, due_in_s=0, waiting=None, charge=True),
    "release": jobs.release,
    "finish": jobs.finish,
    "fail": lambda database, old: jobs.fail(database, old, DamagedAudio(), "decode"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_stale_fence_ends_nothing(database: Database, ending: str) -> None:
    job_id = submit(database)
    stale = claim(database)
    jobs.release(database, stale)
    claim(database, worker="w2")
    before = vars(read_job(database, job_id))
    with pytest.raises(LeaseLost):
        ENDINGS[ending](database, stale)
    after = vars(read_job(database, job_id))
    assert {name: value for name, value in after.items() if before[name] != value and name[0] != "_"} == {}


def test_every_change_has_another_etag(database: Database) -> None:
    job_id = submit(database)
    seen = [read_job(database, job_id).changed_ms]
    for _ in range(5):
        jobs.release(database, claim(database))
        seen.append(read_job(database, job_id).changed_ms)
    assert seen == sorted(set(seen))
