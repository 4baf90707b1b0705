"""A batch as JSON."""

import pytest

from tests.fixtures.finished_jobs import finished
from tests.fixtures.rows import claim, read_job, submit
from worker.database import Database
from worker.errors import DamagedAudio, UnknownBatch
from worker.queue import jobs
from worker.queue.batches import add_batch, count_in
from worker.queue.filters import JobFilter
from worker.results.totals import batch_eta_s
from worker.views.jobs import list_jobs, read_batch
from worker.views.pages import PageRequest


def test_an_empty_batch_counts_nothing(database: Database) -> None:
    with database.writing() as session:
        view = read_batch(session, add_batch(session, "calls"))
    assert (view.name, view.jobs, view.eta_s, view.sent_ms) == ("calls", 0, None, 0)
    assert set(view.counts.values()) == {0}


def test_a_batch_counts_its_jobs_by_state_and_by_code_and_sums_over_them(database: Database) -> None:
    done = finished(database).job_id
    with database.writing() as session:
        batch_id = add_batch(session)
        count_in(session, [(batch_id, done)])
        session.commit()
    submit(database, 2, batch_id=batch_id)
    jobs.fail(database, claim(database), DamagedAudio(), "decode")
    submit(database, 3, batch_id=batch_id)
    submit(database, 4)
    with database.reading() as session:
        view = read_batch(session, batch_id)
    assert view.counts == {"queued": 1, "running": 0, "succeeded": 1, "failed": 1, "cancelled": 0}
    assert view.codes == {"damaged_audio": 1}
    assert (view.jobs, view.audio_ms, view.gaps) == (3, 10_000, 1)
    assert (view.needed_ms, view.sent_ms, view.reused_ms, view.skipped_ms) == (7000, 5000, 2000, 3000)
    assert view.eta_s is not None


def test_an_unknown_batch_is_an_error(database: Database) -> None:
    with database.reading() as session, pytest.raises(UnknownBatch):
        read_batch(session, "nothing")


def test_the_time_left_goes_by_the_jobs_that_have_ended() -> None:
    assert batch_eta_s({"succeeded": 2, "queued": 4}, first_started_ms=0, now_ms=10_000) == 20.0
    assert batch_eta_s({"queued": 4}, first_started_ms=None, now_ms=10_000) is None
    assert batch_eta_s({"failed": 4}, first_started_ms=0, now_ms=10_000) is None


def test_a_job_that_was_there_before_counts_in_each_batch_that_asked_for_it_and_once(database: Database) -> None:
    first, second = new_batches(database)
    job_id = submit(database, batch_id=first)
    for _ in range(2):
        assert submit(database, batch_id=second) == job_id
    with database.reading() as session:
        assert [read_batch(session, one).jobs for one in (first, second)] == [1, 1]
        assert list_jobs(session, JobFilter(batch=second), PageRequest()).items[0].batch == first


def test_cancelling_a_batch_leaves_alone_what_it_did_not_make(database: Database) -> None:
    first, second = new_batches(database)
    shared, own = submit(database, batch_id=first), submit(database, 2, batch_id=second)
    submit(database, batch_id=second)
    with database.writing() as session:
        assert jobs.cancel_many(session, JobFilter(batch=second)) == 1
        session.commit()
    assert [read_job(database, job_id).status for job_id in (shared, own)] == ["queued", "cancelled"]


def new_batches(database: Database) -> tuple[str, str]:
    with database.writing() as session:
        made = add_batch(session), add_batch(session)
        session.commit()
    return made
