"""Members follow their jobs, whoever queues, stops or replaces those: by hand as by the campaign."""

from dataclasses import replace
from typing import Any

from tests.fixtures.campaigns import (
    add_campaign,
    add_recording,
    do,
    jobs_of,
    members,
    model_now,
    run,
    settle,
    state_of,
    states,
    succeed,
    work,
)
from tests.fixtures.rows import claim, new_answer
from worker.campaigns.running import life
from worker.database import Database
from worker.errors import DamagedAudio
from worker.models import Job
from worker.queue import jobs
from worker.queue.filters import JobFilter
from worker.queue.reruns import retry_as
from worker.results import segments
from worker.spec import Spec
from worker.split.spans import Span
from worker.states import JobState, Lane, SegmentState


def started(database: Database, count: int = 1, **rules: Any) -> str:  # noqa: ANN401  # any rule
    for _ in range(count):
        add_recording(database)
    made = add_campaign(database, **rules)
    do(database, life.start, made)
    settle(database)
    return made


def only_job(database: Database, campaign_id: str) -> Job:
    (job,) = jobs_of(database, campaign_id)
    return job


def test_what_was_answered_before_a_pause_stays_answered(database: Database) -> None:
    made = started(database)
    claimed = claim(database, lane=Lane.BULK)
    spans = segments.store_spans(database, claimed, [Span(0, 0, 1000), Span(0, 2000, 3000)], channels=1, cut_ms=3000)
    answer = new_answer(recognition_key=claimed.spec.recognition_key)
    segments.answered(database, claimed, spans[0].id, answer, sent_ms=1000)
    jobs.release(database, claimed)
    do(database, life.pause, made)
    assert (states(database, made), only_job(database, made).status) == (["waiting"], "cancelled")

    do(database, life.resume, made)
    settle(database)
    again = claim(database, lane=Lane.BULK)
    assert again.job_id == claimed.job_id
    left = [one for one in segments.stored_segments(database, again) if one.state == SegmentState.PENDING]
    assert [one.span.start_ms for one in left] == [2000]


def test_a_job_at_work_is_finished_though_its_campaign_is_paused(database: Database) -> None:
    made = started(database)
    claimed = claim(database, lane=Lane.BULK)
    do(database, life.pause, made)
    succeed(database, claimed)
    settle(database)
    assert (states(database, made), state_of(database, made)) == (["done"], "paused")


def test_a_job_that_comes_back_to_the_queue_of_a_paused_campaign_is_withdrawn(database: Database) -> None:
    made = started(database)
    claimed = claim(database, lane=Lane.BULK)
    do(database, life.pause, made)
    jobs.release(database, claimed)
    settle(database)
    assert (states(database, made), only_job(database, made).status) == (["waiting"], "cancelled")


def test_a_job_that_is_cancelled_by_hand_has_failed_for_the_campaign(database: Database) -> None:
    made = started(database)
    do(database, jobs.cancel, only_job(database, made).id)
    settle(database)
    (member,) = members(database, made)
    assert (member.state, member.code, state_of(database, made)) == ("failed", "cancelled", "finished")


def test_another_option_is_another_job_of_the_campaign_while_that_goes_on(database: Database) -> None:
    made = started(database)
    first = claim(database, lane=Lane.BULK)
    jobs.fail(database, first, DamagedAudio(), "decode")
    settle(database)
    spec = replace(Spec.from_json(only_job(database, made).spec), language="en")
    second = do(database, retry_as, first.job_id, spec)
    (member,) = members(database, made)
    assert (member.job_id, member.state) == (second.job_id, "given")
    run(database, made)
    assert states(database, made) == ["done"]


def test_another_option_is_daily_work_once_the_campaign_is_over(database: Database) -> None:
    made = started(database)
    first = claim(database, lane=Lane.BULK)
    jobs.fail(database, first, DamagedAudio(), "decode")
    settle(database)
    do(database, life.promote, made)
    settle(database)
    spec = replace(Spec.from_json(only_job(database, made).spec), language="en")
    second = do(database, retry_as, first.job_id, spec)
    assert second.job_id not in {job.id for job in jobs_of(database, made)}
    work(database)
    (member,) = members(database, made)
    assert (member.state, model_now(database, member.recording_id)) == ("failed", "pocketsphinx-en-us")


def test_many_are_tried_again_by_their_campaign(database: Database) -> None:
    made = started(database, count=3, max_failure_share=1.0)
    work(database, failing=3)
    settle(database)
    assert states(database, made) == ["failed"] * 3
    chosen = JobFilter(campaign=made, status=JobState.FAILED)
    assert do(database, jobs.retry_many, chosen) == 3
    assert states(database, made) == ["given"] * 3


def test_what_a_member_s_jobs_took_is_kept_with_it(database: Database) -> None:
    made = started(database)
    work(database)
    settle(database)
    (member,) = members(database, made)
    assert (member.audio_ms, member.sent_ms, member.reused_ms) == (1000, 1000, 0)
