"""A campaign's life from its plan to its end, on both databases: verbs, steps behind them, and jobs that end."""

from dataclasses import replace
from itertools import repeat

import pytest

from tests.fixtures.campaigns import (
    NEW,
    PLAN,
    add_campaign,
    add_recording,
    campaign,
    current,
    do,
    jobs_of,
    members,
    model_now,
    reason,
    run,
    settle,
    state_of,
    states,
    target,
    work,
)
from worker.campaigns.choice.target import CampaignLimits
from worker.campaigns.running import life
from worker.database import Database
from worker.errors import IllegalMove, InvalidRequest, UnknownCampaign
from worker.queue import jobs
from worker.results.versions import make_current
from worker.states import CampaignState, Lane, MemberState


def test_a_campaign_runs_is_promoted_and_rolled_back(database: Database) -> None:
    ids = [add_recording(database) for _ in range(7)]
    before = [current(database, one) for one in ids]
    made = add_campaign(database)
    do(database, life.start, made)
    run(database, made)
    assert state_of(database, made) == CampaignState.FINISHED
    assert [current(database, one) for one in ids] == before

    do(database, life.promote, made)
    settle(database)
    assert state_of(database, made) == CampaignState.PROMOTED
    assert [model_now(database, one) for one in ids] == list(repeat("pocketsphinx-en-us", 7))
    assert all(member.promoted for member in members(database, made))

    do(database, life.roll_back, made)
    settle(database)
    assert state_of(database, made) == CampaignState.ROLLED_BACK
    assert [current(database, one) for one in ids] == before
    assert not any(member.promoted for member in members(database, made))


def test_its_jobs_are_its_own_in_the_bulk_lane_and_each_recording_has_one(database: Database) -> None:
    ids = [add_recording(database, labels={"n": str(number)}, external_id=f"x{number}") for number in range(3)]
    made = add_campaign(database)
    do(database, life.start, made)
    settle(database)
    settle(database)
    rows = jobs_of(database, made)
    assert sorted(row.recording_id for row in rows) == ids
    assert {row.lane for row in rows} == {Lane.BULK}
    assert [row.external_id for row in sorted(rows, key=lambda row: row.recording_id)] == ["x0", "x1", "x2"]


def test_the_canary_goes_first_and_waits_for_a_review(database: Database) -> None:
    for _ in range(6):
        add_recording(database)
    made = add_campaign(database, canary=2)
    do(database, life.start, made)
    settle(database)
    assert len(jobs_of(database, made)) == 2
    run(database, made)
    assert (state_of(database, made), reason(database, made)["code"]) == (CampaignState.REVIEW, "canary_done")
    assert [member.canary for member in members(database, made)] == [True, True]

    do(database, life.start, made)
    run(database, made)
    assert state_of(database, made) == CampaignState.FINISHED
    assert states(database, made) == ["done"] * 6
    assert len(jobs_of(database, made)) == 6


def test_pinned_recordings_are_in_the_canary_and_never_moved(database: Database) -> None:
    pinned = add_recording(database, pinned=True, origin="import", recognition_key=None)
    others = [add_recording(database) for _ in range(3)]
    before = current(database, pinned)
    made = add_campaign(database, canary=1)
    do(database, life.start, made)
    run(database, made)
    assert pinned in {member.recording_id for member in members(database, made)}
    do(database, life.start, made)
    run(database, made)
    do(database, life.promote, made)
    settle(database)
    assert current(database, pinned) == before
    assert {model_now(database, one) for one in others} == {"pocketsphinx-en-us"}


def test_a_pause_withdraws_what_is_queued_and_lets_the_rest_end(database: Database) -> None:
    for _ in range(4):
        add_recording(database)
    made = add_campaign(database)
    do(database, life.start, made)
    settle(database)
    work(database, at_most=1)
    do(database, life.pause, made)
    run(database, made)
    assert sorted(states(database, made)) == ["done", "waiting", "waiting", "waiting"]
    assert {row.status for row in jobs_of(database, made)} == {"succeeded", "cancelled"}

    do(database, life.resume, made)
    run(database, made)
    assert state_of(database, made) == CampaignState.FINISHED
    assert states(database, made) == ["done"] * 4
    assert len(jobs_of(database, made)) == 4  # those that were withdrawn were queued again, none was made anew


def test_a_cancelled_campaign_stops_for_good(database: Database) -> None:
    one = add_recording(database)
    made = add_campaign(database)
    do(database, life.start, made)
    settle(database)
    do(database, life.cancel, made)
    run(database, made)
    assert [row.status for row in jobs_of(database, made)] == ["cancelled"]
    assert model_now(database, one) == "old"
    with pytest.raises(IllegalMove, match="cancelled"):
        do(database, life.resume, made)


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (life.promote, "planned"),
        (life.pause, "planned"),
        (life.resume, "planned"),
        (life.roll_back, "planned"),
        (life.start, "finished"),
        (life.pause, "finished"),
        (life.cancel, "finished"),
        (life.roll_back, "finished"),
        (life.promote, "promoted"),
        (life.cancel, "promoted"),
        (life.roll_back, "rolled_back"),
    ],
)
def test_what_the_state_does_not_allow_is_refused_by_its_name(sqlite_database: Database, verb, state: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    add_recording(sqlite_database)
    made = add_campaign(sqlite_database)
    for step in {"planned": [], "finished": [1], "promoted": [1, 2], "rolled_back": [1, 2, 3]}[state]:
        do(sqlite_database, [life.start, life.promote, life.roll_back][step - 1], made)
        run(sqlite_database, made)
    with pytest.raises(IllegalMove, match=state):
        do(sqlite_database, verb, made)
    assert state_of(sqlite_database, made) == state


def test_promoting_twice_before_the_first_has_ended_is_refused(sqlite_database: Database) -> None:
    add_recording(sqlite_database)
    made = add_campaign(sqlite_database)
    do(sqlite_database, life.start, made)
    run(sqlite_database, made)
    do(sqlite_database, life.promote, made)
    with pytest.raises(IllegalMove, match="being promoted"):
        do(sqlite_database, life.promote, made)


def test_many_failures_pause_it_and_resuming_forgives_them(database: Database) -> None:
    for _ in range(45):
        add_recording(database)
    made = add_campaign(database, limits=CampaignLimits(parallel=100))
    do(database, life.start, made)
    settle(database)
    work(database, failing=5, at_most=20)
    settle(database)
    assert state_of(database, made) == CampaignState.PAUSED
    assert reason(database, made) == {
        "code": "too_many_failed",
        "message": "5 of 20 recordings have failed, more than 20%: look at their errors, then resume.",
    }
    do(database, life.resume, made)
    run(database, made, failing=1)
    assert state_of(database, made) == CampaignState.FINISHED


def test_a_job_that_is_tried_again_is_followed(database: Database) -> None:
    for _ in range(3):
        add_recording(database)
    made = add_campaign(database)
    do(database, life.start, made)
    settle(database)
    work(database, failing=1)
    settle(database)
    assert (sorted(states(database, made)), state_of(database, made)) == (["done", "done", "failed"], "finished")
    failed = next(member for member in members(database, made) if member.state == MemberState.FAILED)
    assert failed.code == "damaged_audio"

    do(database, jobs.retry, failed.job_id)
    assert "given" in states(database, made)
    run(database, made)
    assert states(database, made) == ["done"] * 3


def test_a_job_that_is_tried_again_after_the_promotion_is_promoted_too(database: Database) -> None:
    ids = [add_recording(database) for _ in range(2)]
    made = add_campaign(database)
    do(database, life.start, made)
    settle(database)
    work(database, failing=1)
    settle(database)
    do(database, life.promote, made)
    settle(database)
    failed = next(member for member in members(database, made) if member.state == MemberState.FAILED)
    do(database, jobs.retry, failed.job_id)
    run(database, made)
    assert [model_now(database, one) for one in ids] == ["pocketsphinx-en-us"] * 2


def test_a_version_that_was_chosen_since_is_moved_neither_forth_nor_back(database: Database) -> None:
    ids = [add_recording(database) for _ in range(3)]
    made, other = add_campaign(database), add_campaign(database, target(replace(NEW, language="en")))
    for one in (made, other):
        do(database, life.start, one)
        run(database, one)
    mine, theirs = ([member.after_id for member in members(database, one)] for one in (made, other))
    do(database, make_current, ids[0], theirs[0])
    do(database, life.promote, made)
    settle(database)
    assert [current(database, one) for one in ids] == [theirs[0], mine[1], mine[2]]

    do(database, make_current, ids[1], theirs[1])
    do(database, make_current, ids[2], mine[2], pin=True)
    do(database, life.roll_back, made)
    settle(database)
    assert [current(database, one) for one in ids] == [theirs[0], theirs[1], mine[2]]


def test_a_recording_without_a_transcript_gets_one_and_keeps_it(database: Database) -> None:
    one = add_recording(database, transcript=False)
    made = add_campaign(database)
    do(database, life.start, made)
    run(database, made)
    got = current(database, one)
    assert got is not None
    for verb in (life.promote, life.roll_back):
        do(database, verb, made)
        settle(database)
        assert current(database, one) == got


def test_a_name_is_taken_once_and_finds_its_campaign(sqlite_database: Database) -> None:
    new = life.NewCampaign(target=target(), plan=PLAN, name="march")
    made = do(sqlite_database, life.create, new)
    assert campaign(sqlite_database, "march").id == made
    with pytest.raises(InvalidRequest, match="march"):
        do(sqlite_database, life.create, new)
    with pytest.raises(UnknownCampaign):
        campaign(sqlite_database, "april")
