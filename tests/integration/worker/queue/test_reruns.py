"""Retrying a job with other options, and jobs that succeeded with gaps."""

from dataclasses import replace

import pytest

from realtime.protocol.errors import ContentRefused
from tests.fixtures.finished_jobs import finished
from tests.fixtures.rows import SPEC, claim, new_answer, read_job, set_job, submit
from worker.database import Database
from worker.errors import DamagedAudio, IllegalMove, UnknownJob
from worker.queue import jobs
from worker.queue.job_rows import JobSubmission
from worker.queue.reruns import read_spec, retry_as
from worker.results import segments
from worker.shapes.times import Deadline
from worker.spec import Spec
from worker.split.spans import Span
from worker.states import JobState, Lane, SegmentState

GERMAN = replace(SPEC, language="de")


def _retry(database: Database, job_id: str, spec: Spec = SPEC, **options: object) -> JobSubmission:
    with database.writing() as session:
        made = retry_as(session, job_id, spec, **options)  # type: ignore[arg-type]  # any option
        session.commit()
    return made


def _failed(database: Database, **options: object) -> str:
    job_id = submit(database, **options)  # type: ignore[arg-type]  # any option
    jobs.fail(database, claim(database), DamagedAudio(), "decode")
    return job_id


def test_another_option_is_a_new_job_that_names_the_old_one(database: Database) -> None:
    old = _failed(database, external_id="mine", labels={"a": "b"})
    made = _retry(database, old, GERMAN, deadline=Deadline(in_ms=60_000))
    assert not made.existing
    job, before = read_job(database, made.job_id), read_job(database, old)
    assert (job.retry_of, job.recording_id, job.archive) == (old, before.recording_id, before.archive)
    assert (job.status, job.spec["language"], job.external_id, job.labels) == ("queued", "de", "mine", {"a": "b"})
    assert job.deadline_ms is not None
    assert before.status == JobState.FAILED


def test_the_same_other_option_again_finds_that_job(database: Database) -> None:
    old = _failed(database)
    assert _retry(database, old, GERMAN).job_id == _retry(database, old, GERMAN).job_id


def test_a_fresh_retry_is_a_new_job_that_reuses_nothing(database: Database) -> None:
    old = _failed(database)
    job = read_job(database, _retry(database, old, fresh=True).job_id)
    assert (job.retry_of, job.spec["revision"]) == (old, 1)


def test_its_own_spec_queues_a_failed_job_again_in_the_lane_and_by_the_deadline_asked_for(database: Database) -> None:
    old = _failed(database)
    bulk = replace(SPEC, lane=Lane.BULK, priority=5)
    assert _retry(database, old, bulk, deadline=Deadline(in_ms=60_000)) == JobSubmission(old, existing=True)
    assert claim(database, lane=Lane.BULK).spec == bulk
    assert read_job(database, old).deadline_ms is not None


def test_a_job_that_succeeded_with_gaps_gets_one_successor(database: Database) -> None:
    old = finished(database).job_id
    made = _retry(database, old)
    assert (made.existing, read_job(database, made.job_id).retry_of) == (False, old)
    assert _retry(database, old) == JobSubmission(made.job_id, existing=True)
    assert read_job(database, old).status == JobState.SUCCEEDED


def test_a_job_that_succeeded_whole_is_not_tried_again_under_its_own_spec(database: Database) -> None:
    job_id = submit(database)
    claimed = claim(database)
    [stored] = segments.store_spans(database, claimed, [Span(0, 0, 1000)], channels=1, cut_ms=1000)
    segments.answered(database, claimed, stored.id, new_answer(), sent_ms=1000)
    segments.complete_cut(database, claimed, 1000)
    jobs.finish(database, claimed)
    with pytest.raises(IllegalMove, match="without gaps"):
        _retry(database, job_id)
    assert not _retry(database, job_id, GERMAN).existing


@pytest.mark.parametrize("status", [JobState.QUEUED, JobState.RUNNING])
def test_only_what_has_ended_is_tried_again(database: Database, status: JobState) -> None:
    job_id = submit(database)
    set_job(database, job_id, status=status)
    for spec in (SPEC, GERMAN):
        with pytest.raises(IllegalMove, match=status):
            _retry(database, job_id, spec)


def test_an_unknown_job_is_said_to_be_unknown(database: Database) -> None:
    with database.writing() as session, pytest.raises(UnknownJob):
        read_spec(session, "nothing")


def test_a_job_that_failed_for_its_gaps_waits_for_them_alone_when_it_is_retried(database: Database) -> None:
    job_id = submit(database)
    claimed = claim(database)
    spans = [Span(0, 0, 1000), Span(0, 1000, 2000)]
    first, second = segments.store_spans(database, claimed, spans, channels=1, cut_ms=2000)
    segments.answered(database, claimed, first.id, new_answer(), sent_ms=1000)
    segments.gap(database, claimed, second.id, ContentRefused(), 1000)
    segments.complete_cut(database, claimed, 2000)
    jobs.fail(database, claimed, ContentRefused(), "recognise")
    _retry(database, job_id)
    states = [segment.state for segment in segments.stored_segments(database, claim(database))]
    assert states == [SegmentState.ANSWERED, SegmentState.PENDING]
