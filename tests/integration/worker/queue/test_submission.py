"""Submitting makes one recording for an identity and one job for a recording and spec."""

from dataclasses import replace
from typing import Any

from sqlalchemy import func, select, update

from tests.fixtures.rows import SPEC, claim, new_recording, read_job, submit
from worker.database import Database
from worker.errors import DamagedAudio
from worker.models import Batch, Job, Recording
from worker.queue import jobs, submission
from worker.queue.job_rows import JobSubmission
from worker.spec import Spec
from worker.states import JobState, Lane


def _again(database: Database) -> JobSubmission:
    with database.writing() as session:
        submitted = submission.submit(session, new_recording(), SPEC)
        session.commit()
    return submitted


def _count(database: Database, table: type[Job] | type[Recording]) -> int | None:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_new_job_is_queued_and_due_at_once(database: Database) -> None:
    job = read_job(database, submit(database))
    assert job.status == JobState.QUEUED
    assert 0 <= job.due_ms - job.created_ms < 1000
    assert (job.fence, job.attempts, job.losses, job.error, job.worker) == (0, 0, 0, None, None)
    assert Spec.from_json(job.spec) == SPEC


def test_same_recording_and_spec_give_the_job_that_exists(database: Database) -> None:
    job_id = submit(database)
    assert _again(database) == JobSubmission(job_id, existing=True)
    assert (_count(database, Job), _count(database, Recording)) == (1, 1)


def test_another_spec_makes_another_job_for_the_same_recording(database: Database) -> None:
    submit(database)
    submit(database, spec=replace(SPEC, language="en"))
    assert (_count(database, Job), _count(database, Recording)) == (2, 1)


def test_when_it_runs_does_not_make_it_another_job(database: Database) -> None:
    job_id = submit(database)
    assert submit(database, spec=replace(SPEC, lane=Lane.BULK, priority=5)) == job_id


def test_another_archive_has_a_recording_and_a_job_of_its_own(database: Database) -> None:
    submit(database)
    with database.writing() as session:
        submitted = submission.submit(session, new_recording(archive="other"), SPEC)
        session.commit()
    assert not submitted.existing
    assert _count(database, Recording) == 2


def test_a_failed_job_is_found_too(database: Database) -> None:
    job_id = submit(database)
    jobs.fail(database, claim(database), DamagedAudio(), "decode")
    assert _again(database) == JobSubmission(job_id, existing=True)


def test_fresh_makes_a_new_job_under_another_recognition_key(database: Database) -> None:
    first = submit(database)
    second = submit(database, fresh=True)
    third = submit(database, fresh=True)
    revisions = [read_job(database, job_id).spec["revision"] for job_id in (first, second, third)]
    assert revisions == [0, 1, 2]
    assert len({read_job(database, job_id).recognition_key for job_id in (first, second, third)}) == 3


def test_fresh_where_nothing_was_is_a_plain_job(database: Database) -> None:
    assert read_job(database, submit(database, fresh=True)).spec["revision"] == 0


def test_after_a_fresh_job_the_freshest_is_the_one_that_exists(database: Database) -> None:
    submit(database)
    freshest = submit(database, fresh=True)
    assert _again(database) == JobSubmission(freshest, existing=True)


def test_options_are_kept_on_the_job(database: Database) -> None:
    first = submit(database)
    with database.writing() as session:
        session.add(Batch(id="b1", name=None, created_ms=0))
        session.commit()
    options: dict[str, Any] = {
        "batch_id": "b1",
        "external_id": "call-7",
        "labels": {"team": "north"},
        "retry_of": first,
    }
    job = read_job(database, submit(database, spec=replace(SPEC, language="en"), **options))
    assert (job.batch_id, job.external_id, job.labels, job.retry_of) == ("b1", "call-7", {"team": "north"}, first)


def test_nothing_is_there_where_the_caller_does_not_commit(database: Database) -> None:
    with database.writing() as session:
        submission.submit(session, new_recording(), SPEC)
    assert (_count(database, Job), _count(database, Recording)) == (0, 0)


def test_a_source_in_place_is_compared_with_itself_also_when_its_bytes_are_known(database: Database) -> None:
    first = submit_recording(database, digest=None, source_url="https://a.example/")
    job = read_job(database, first)
    assert job.audio == job.recording_id
    with database.writing() as session:
        session.execute(update(Recording).values(digest="d" * 64))
        session.commit()
    second = submit_recording(database, digest=None, source_url="https://a.example/", spec=replace(SPEC, language="de"))
    assert read_job(database, second).audio == job.audio


def submit_recording(database: Database, *, spec: Spec = SPEC, **changes: Any) -> str:  # noqa: ANN401  # any field
    with database.writing() as session:
        submitted = submission.submit(session, new_recording(**changes), spec)
        session.commit()
    return submitted.job_id
