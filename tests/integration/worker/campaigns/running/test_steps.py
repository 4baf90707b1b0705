"""Steps are bounded, several dispatchers may take them at once, and one that is killed in between is made up for."""

from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from tests.fixtures.campaigns import (
    add_campaign,
    add_recording,
    campaign,
    current,
    do,
    jobs_of,
    members,
    model_now,
    run,
    settle,
    state_of,
    states,
    target,
    work,
)
from tests.fixtures.threads import at_once
from worker import workers
from worker.budgets import Scope, budgets_of
from worker.campaigns.choice.target import CampaignLimits
from worker.campaigns.review.rules import checked_thresholds
from worker.campaigns.running import life
from worker.campaigns.running.steps import StepSizes, take_steps
from worker.database import Database
from worker.models import Recording
from worker.states import CampaignState

NEW_MODEL = "pocketsphinx-en-us"  # the one that answers
SMALL = StepSizes(enrolled=3, promoted=3, promoted_by_rule=2)


class Killed(Exception):
    """The process ends here: what was not committed is gone."""


def killed_at(database: Database, commit: int) -> None:
    """Steps until there is nothing to do, but for a kill just before some commit."""
    seen = [0]

    def before(_session: Any) -> None:  # noqa: ANN401  # SQLAlchemy's hook
        seen[0] += 1
        if seen[0] == commit:
            raise Killed

    event.listen(Session, "before_commit", before)
    try:
        settle(database, SMALL)
    except Killed:
        pass
    finally:
        event.remove(Session, "before_commit", before)


def finished(database: Database, count: int, **rules: Any) -> tuple[str, list[str]]:  # noqa: ANN401  # any rule
    ids = [add_recording(database) for _ in range(count)]
    made = add_campaign(database, **rules)
    do(database, life.start, made)
    run(database, made)
    assert state_of(database, made) == CampaignState.FINISHED
    return made, ids


def test_the_queue_stays_short_however_many_recordings_there_are(database: Database) -> None:
    for _ in range(30):
        add_recording(database)
    workers.register(database, "w", 3)
    made = add_campaign(database)
    do(database, life.start, made)
    settle(database)
    assert len(jobs_of(database, made)) == 6  # twice the slots
    work(database, at_most=2)
    settle(database)
    assert len(jobs_of(database, made)) == 8
    assert states(database, made).count("given") == 6


def test_recordings_at_once_are_limited(database: Database) -> None:
    for _ in range(6):
        add_recording(database)
    workers.register(database, "w", 16)
    made = add_campaign(database, limits=CampaignLimits(parallel=2))
    do(database, life.start, made)
    while state_of(database, made) != CampaignState.FINISHED:
        settle(database)
        assert states(database, made).count("given") <= 2
        work(database, at_most=1)


def test_money_and_hours_are_budgets_of_the_campaign(sqlite_database: Database) -> None:
    made = add_campaign(sqlite_database, limits=CampaignLimits(hours_a_day=2, usd=0.5))
    with sqlite_database.reading() as session:
        found = {one.period.value: one for one in budgets_of(session, Scope.CAMPAIGN, made)}
    assert (found["day"].limit_ms, found["day"].limit_nusd) == (7_200_000, None)
    assert (found["all"].limit_ms, found["all"].limit_nusd) == (None, 500_000_000)


def test_enrolment_goes_by_slices_and_leaves_nobody_out(database: Database) -> None:
    ids = [add_recording(database) for _ in range(10)]
    other = add_recording(database, archive="court")
    made = add_campaign(database, target(archive="calls"))
    do(database, life.start, made)
    take_steps(database, SMALL)
    assert len(members(database, made)) == 3
    settle(database, SMALL)
    assert [one.recording_id for one in members(database, made)] == ids
    assert other not in ids


def test_at_most_so_many_are_enrolled(database: Database) -> None:
    for _ in range(10):
        add_recording(database)
    made = add_campaign(database, target(limit=5))
    do(database, life.start, made)
    settle(database, SMALL)
    assert len(members(database, made)) == 5


@pytest.mark.parametrize("commit", [1, 2, 3, 5])
def test_a_kill_between_slices_is_made_up_for(sqlite_database: Database, commit: int) -> None:
    made, ids = finished(sqlite_database, 8)
    before = [current(sqlite_database, one) for one in ids]
    do(sqlite_database, life.promote, made)
    killed_at(sqlite_database, commit)
    settle(sqlite_database, SMALL)
    assert {model_now(sqlite_database, one) for one in ids} == {NEW_MODEL}

    do(sqlite_database, life.roll_back, made)
    killed_at(sqlite_database, commit)
    assert None not in [current(sqlite_database, one) for one in ids]
    settle(sqlite_database, SMALL)
    assert [current(sqlite_database, one) for one in ids] == before


@pytest.mark.parametrize("commit", [1, 2, 4])
def test_a_kill_while_enrolling_and_feeding_makes_no_job_twice(sqlite_database: Database, commit: int) -> None:
    for _ in range(8):
        add_recording(sqlite_database)
    made = add_campaign(sqlite_database, limits=CampaignLimits(parallel=4))
    do(sqlite_database, life.start, made)
    killed_at(sqlite_database, commit)
    settle(sqlite_database, SMALL)
    assert len(jobs_of(sqlite_database, made)) == 4
    run(sqlite_database, made, SMALL)
    assert (len(jobs_of(sqlite_database, made)), states(sqlite_database, made)) == (8, ["done"] * 8)


def test_dispatchers_at_once_do_everything_once(database: Database) -> None:
    ids = [add_recording(database) for _ in range(12)]
    made = add_campaign(database, limits=CampaignLimits(parallel=5))
    do(database, life.start, made)
    while state_of(database, made) != CampaignState.FINISHED:
        at_once(3, lambda _number: settle(database, SMALL))
        assert states(database, made).count("given") <= 5
        work(database)
    assert len(jobs_of(database, made)) == 12
    do(database, life.promote, made)
    at_once(3, lambda _number: settle(database, SMALL))
    settle(database, SMALL)
    assert {model_now(database, one) for one in ids} == {NEW_MODEL}


def test_only_those_that_pass_the_rule_are_promoted(database: Database) -> None:
    ids = [add_recording(database) for _ in range(5)]
    made = add_campaign(database)
    do(database, life.start, made)
    settle(database, SMALL)
    work(database, text="old words", at_most=2)  # as before
    settle(database, SMALL)
    work(database, text="old wards", at_most=1)  # one word of two is another
    run(database, made, SMALL, text="quite another thing")
    assert sorted(one.rate or 0 for one in members(database, made)) == [0, 0, 0.5, 1.5, 1.5]

    do(database, life.promote, made, {"max_rate": 0.5})
    settle(database, SMALL)
    passing = {one.recording_id for one in members(database, made) if one.rate is not None and one.rate <= 0.5}
    assert {one for one in ids if model_now(database, one) == NEW_MODEL} == passing
    assert {one.recording_id for one in members(database, made) if one.promoted} == passing


@pytest.mark.parametrize(
    ("thresholds", "state"),
    [
        ({"max_difference": 0.5}, "finished"),
        ({"max_difference": 0.4}, "review"),
        ({"min_compared": 2, "max_failure_share": 0}, "finished"),
        ({"min_compared": 3, "max_difference": 0.5}, "review"),  # two are compared: the canary's
        ({"max_error_rate": 1}, "review"),  # there is no reference, so it is not known
    ],
)
def test_thresholds_let_it_go_on_by_itself(sqlite_database: Database, thresholds: dict[str, float], state: str) -> None:
    for _ in range(4):
        add_recording(sqlite_database)
    made = add_campaign(sqlite_database, canary=2, thresholds=checked_thresholds(thresholds))
    do(sqlite_database, life.start, made)
    run(sqlite_database, made, SMALL, text="new words")  # for "old words": one of two
    assert state_of(sqlite_database, made) == state
    told = (campaign(sqlite_database, made).reason or {}).get("message", "")
    assert ("not within its thresholds" in told) is (state == "review")


def test_empty_thresholds_from_before_they_were_refused_wait_for_a_review(sqlite_database: Database) -> None:
    add_recording(sqlite_database)
    made = add_campaign(sqlite_database, canary=1, thresholds={})
    do(sqlite_database, life.start, made)
    run(sqlite_database, made)
    assert state_of(sqlite_database, made) == CampaignState.REVIEW


def test_a_fresh_campaign_is_under_a_revision_that_nobody_has_answered(database: Database) -> None:
    ids = [add_recording(database) for _ in range(2)]
    first = add_campaign(database)
    do(database, life.start, first)
    run(database, first)
    sent = []
    for _ in range(2):
        made = add_campaign(database, target(fresh=True))
        do(database, life.start, made)
        run(database, made)
        sent.append({job.spec["revision"] for job in jobs_of(database, made)})
    assert sent == [{1}, {2}]
    assert len(ids) == 2


def test_readers_meet_a_transcript_at_every_moment(database: Database) -> None:
    made, ids = finished(database, 12)
    do(database, life.promote, made)
    missing: list[str] = []

    def read(number: int) -> None:
        if number == 0:
            settle(database)
            do(database, life.roll_back, made)
            settle(database)
            return
        while state_of(database, made) != CampaignState.ROLLED_BACK:
            with database.reading() as session:
                missing.extend(
                    session.scalars(select(Recording.id).where(Recording.current_transcript_id.is_(None))).all()
                )

    at_once(3, read)
    assert (missing, len(ids)) == ([], 12)


def test_few_are_fed_in_one_transaction(sqlite_database: Database) -> None:
    for _ in range(6):
        add_recording(sqlite_database)
    made = add_campaign(sqlite_database, limits=CampaignLimits(parallel=5))
    do(sqlite_database, life.start, made)
    take_steps(sqlite_database, StepSizes(given=2))
    assert len(jobs_of(sqlite_database, made)) == 2
