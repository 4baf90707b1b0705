"""What a plan counts, prices and passes over, on both databases; a plan writes nothing."""

from dataclasses import replace

import pytest
from sqlalchemy import insert

from tests.fixtures.campaigns import (
    NEW,
    OLD,
    add_campaign,
    add_recording,
    do,
    jobs_of,
    members,
    normal_job,
    plan,
    run,
    settle,
    state_of,
    succeed,
    target,
)
from tests.fixtures.rows import claim
from worker import archive_rules
from worker.campaigns.choice.plan import expected_reuse
from worker.campaigns.choice.target import CampaignLimits
from worker.campaigns.running import life
from worker.database import Database
from worker.errors import NothingNew, NothingSelected, PriceUnknown, ServiceNotAllowed, UnknownArchive
from worker.models import Answer
from worker.results.answers import NewAnswer, add_answer
from worker.spec import Spec
from worker.states import Lane


def test_the_selection_is_counted_with_its_audio_and_what_is_sent_of_it(database: Database) -> None:
    for _ in range(4):
        add_recording(database)
    add_recording(database, duration_ms=None)
    found = plan(database)
    assert (found["matched"], found["recordings"], found["length_unknown"]) == (5, 5, 1)
    assert (found["audio_ms"], found["to_send_ms"]) == (
        300_000,
        150_000,
    )  # half of each is speech, as its version shows
    assert found["ratio_from"] == "a sample of the transcripts"


def test_earlier_jobs_say_how_much_is_sent(database: Database) -> None:
    first = add_recording(database, transcript=False)
    normal_job(database, first, OLD)
    succeed(database, claim(database))
    add_recording(database)
    found = plan(database)
    assert (found["ratio_from"], found["send_ratio"]) == ("earlier jobs", 1.0)


def test_without_anything_to_go_by_all_is_counted(sqlite_database: Database) -> None:
    add_recording(sqlite_database, transcript=False)
    assert (plan(sqlite_database)["ratio_from"], plan(sqlite_database)["to_send_ms"]) == ("counted whole", 60_000)


def test_each_recording_that_is_passed_over_has_its_reason(database: Database) -> None:
    add_recording(database)
    add_recording(database, made=NEW)
    add_recording(database, pinned=True)
    add_recording(database, archive="court")
    normal_job(database, add_recording(database), NEW)
    do(database, archive_rules.save_archive, archive_rules.Rules(name="court", services=("intl",)))
    found = plan(database, canary=30)
    reasons = {"same_key": 1, "pinned": 1, "service_not_allowed": 1, "working_on_it": 1}
    assert (found["matched"], found["recordings"], found["skipped"]) == (5, 1, reasons)
    assert (found["canary"], found["references"]) == (2, 1)


def test_the_same_recognition_key_everywhere_is_refused_with_the_reason(database: Database) -> None:
    for revision in range(2):  # a fresh run asked the same
        add_recording(database, made=replace(NEW, revision=revision))
    with pytest.raises(NothingNew, match=r"2 same_key.*recognition key"):
        plan(database)
    assert plan(database, target(fresh=True))["recordings"] == 2


def test_another_cut_or_version_or_name_is_the_same_key(sqlite_database: Database) -> None:
    add_recording(sqlite_database, made=replace(NEW, service="local", identity="local", version="0.1"))
    with pytest.raises(NothingNew):
        plan(sqlite_database, target(replace(NEW, cut={"pause_ms": 100}, version="9.9")))
    with pytest.raises(NothingNew):
        plan(sqlite_database, target(replace(NEW, service="another", identity="local")))


def test_gaps_and_doubts_are_mended_under_the_same_key_where_they_are_asked_for(database: Database) -> None:
    add_recording(database, made=NEW, gaps_count=1)
    add_recording(database, made=NEW, flags_count=2)
    add_recording(database, made=NEW)
    assert plan(database, target(gaps=True))["recordings"] == 1
    assert plan(database, target(flagged=True))["recordings"] == 1
    with pytest.raises(NothingNew):
        plan(database)


def test_answers_that_are_there_are_not_counted_as_sent(database: Database) -> None:
    one = add_recording(database)
    add_recording(database)
    answer = NewAnswer(
        recognition_key=NEW.recognition_key,
        digest=f"{one:0>64}",
        channel="mix",
        start_ms=0,
        end_ms=20_000,
        pcm_sha256="a" * 64,
        text="said",
        language="en",
        emotion=None,
        model="new",
    )
    do(database, add_answer, answer)
    do(database, add_answer, replace(answer, start_ms=30_000, end_ms=50_000, flags=["loop"]))
    found = plan(database)
    assert found["reused"] == {"recordings": 1, "audio_ms": 20_000, "counted_over": 2}
    assert found["to_send_ms"] == 40_000
    assert plan(database, target(fresh=True))["reused"]["recordings"] == 0


def test_a_priced_service_costs_and_daily_hours_take_days(sqlite_database: Database) -> None:
    add_recording(sqlite_database, duration_ms=7_200_000, transcript=False)
    spec = Spec(service="intl", model="qwen3-asr-flash-realtime", lane=Lane.BULK)
    found = plan(sqlite_database, target(spec), hours_a_day=0.5)
    assert found["cost_usd"] == pytest.approx(7200 * 0.00009)
    assert found["time_s"] == 4 * 86_400
    assert plan(sqlite_database, target(spec), usd=0.1)["over_limit"] is True
    assert plan(sqlite_database, target(spec), parallel=1)["time_s"] > plan(sqlite_database, target(spec))["time_s"]


def test_money_is_limited_only_where_a_price_is_known(sqlite_database: Database) -> None:
    add_recording(sqlite_database)
    spec = Spec(service="intl", model="who-knows", lane=Lane.BULK)
    assert plan(sqlite_database, target(spec))["cost_usd"] is None
    with pytest.raises(PriceUnknown, match="who-knows"):
        plan(sqlite_database, target(spec), usd=1)


def test_an_archive_that_nobody_knows_is_named(database: Database) -> None:
    add_recording(database)
    with pytest.raises(UnknownArchive, match="nowhere"):
        plan(database, target(archive="nowhere"))
    with pytest.raises(NothingSelected):
        plan(database, target(archive="calls", model="nobody's"))


def test_an_archive_that_forbids_the_service_is_refused(sqlite_database: Database) -> None:
    add_recording(sqlite_database)
    do(sqlite_database, archive_rules.save_archive, archive_rules.Rules(name="calls", services=("intl",)))
    with pytest.raises(ServiceNotAllowed):
        plan(sqlite_database)


def test_only_pinned_recordings_are_a_canary_or_nothing(sqlite_database: Database) -> None:
    add_recording(sqlite_database, pinned=True)
    with pytest.raises(NothingSelected, match="pinned"):
        plan(sqlite_database)
    assert plan(sqlite_database, canary=5)["canary"] == 1


def test_a_rule_that_came_after_the_plan_passes_a_recording_over_and_nothing_else(database: Database) -> None:
    add_recording(database)
    add_recording(database, archive="court")
    later = add_recording(database, archive="late")
    made = add_campaign(database, limits=CampaignLimits(parallel=1))
    do(database, archive_rules.save_archive, archive_rules.Rules(name="court", services=("intl",)))
    do(database, life.start, made)
    settle(database)
    do(database, archive_rules.save_archive, archive_rules.Rules(name="late", services=("intl",)))
    run(database, made)
    found = [(one.recording_id == later, one.state, one.code, one.job_id is None) for one in members(database, made)]
    assert found == [(False, "done", None, False), (True, "failed", "service_not_allowed", True)]
    assert (state_of(database, made), len(jobs_of(database, made))) == ("finished", 1)


def test_a_big_selection_is_looked_up_by_a_sample(sqlite_database: Database) -> None:
    ids = [add_recording(sqlite_database) for _ in range(40)]
    answers = [
        {
            "recognition_key": NEW.recognition_key,
            "digest": f"{one:0>64}",
            "channel": "mix",
            "start_ms": 0,
            "end_ms": 10_000,
            "pcm_sha256": "a" * 64,
            "text": "said",
            "model": "new",
            "created_ms": 0,
        }
        for one in ids
    ]
    do(sqlite_database, lambda session: session.execute(insert(Answer), answers))
    with sqlite_database.reading() as session:
        found = expected_reuse(session, target(), 40, look_up_at_most=20)
    assert 0 < found.counted_over < 40
    assert (found.recordings, found.audio_ms) == (40, 400_000)
