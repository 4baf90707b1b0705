"""Where a campaign names no language each recording has its own, as with a submission: so nothing is paid twice."""

from dataclasses import replace

import pytest

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
    target,
)
from tests.fixtures.rows import new_answer
from worker.archive_rules import Rules, save_archive
from worker.campaigns.choice.target import CampaignLimits
from worker.campaigns.running import life
from worker.database import Database, change
from worker.errors import LanguageNotSupported, NothingNew
from worker.models import Recording
from worker.results.answers import add_answer
from worker.spec import Spec

KNOWN = ("de", "en")
ENGLISH, GERMAN = (replace(NEW, language=code) for code in ("en", "de"))


def languages_asked(database: Database, campaign_id: str) -> dict[str, str | None]:
    return {job.recording_id: Spec.from_json(job.spec).language for job in jobs_of(database, campaign_id)}


def started(database: Database, *, fresh: bool = False, limits: CampaignLimits | None = None) -> str:
    made = add_campaign(database, target(own=KNOWN, fresh=fresh), limits=limits)
    do(database, life.start, made)
    return made


def test_what_was_made_in_the_recordings_own_language_is_nothing_new(database: Database) -> None:
    add_recording(database, language="en", made=replace(OLD, language="en"))
    add_recording(database, language="de", made=replace(OLD, language="de", revision=3))
    add_recording(database, made=OLD)
    with pytest.raises(NothingNew, match="3 same_key"):
        plan(database, target(OLD, own=KNOWN))


def test_what_was_made_in_another_language_is_asked_anew(database: Database) -> None:
    add_recording(database, language="en", made=replace(OLD, language="de"))
    add_recording(database, language="en", made=OLD)
    add_recording(database, made=replace(OLD, language="en"))
    assert plan(database, target(OLD, own=KNOWN))["recordings"] == 3


def test_one_that_was_made_in_its_language_is_not_asked_again_because_others_are(database: Database) -> None:
    add_recording(database, language="en", made=ENGLISH)
    add_recording(database, language="de", made=OLD)
    found = plan(database, target(own=KNOWN))
    assert (found["recordings"], found["skipped"]) == (1, {"same_key": 1})


def test_answers_count_as_there_under_each_recordings_own_key(database: Database) -> None:
    one = add_recording(database, language="en")
    answer = new_answer(recognition_key=ENGLISH.recognition_key, digest=f"{one:0>64}", end_ms=20_000)
    do(database, add_answer, answer)
    found = plan(database, target(own=KNOWN))
    assert found["reused"] == {"recordings": 1, "audio_ms": 20_000, "counted_over": 1}
    assert found["to_send_ms"] == 10_000
    assert plan(database)["reused"]["recordings"] == 0


def test_a_job_on_its_way_in_its_own_language_is_not_doubled(database: Database) -> None:
    normal_job(database, add_recording(database, language="de"), GERMAN)
    normal_job(database, add_recording(database, language="en"), GERMAN)
    found = plan(database, target(own=KNOWN))
    assert (found["recordings"], found["skipped"]) == (1, {"working_on_it": 1})


def test_each_job_is_asked_in_its_recordings_language(database: Database) -> None:
    ids = [add_recording(database, language=language) for language in ("en", "de", None)]
    made = started(database)
    run(database, made)
    assert languages_asked(database, made) == dict(zip(ids, ("en", "de", None), strict=True))
    assert {job.recognition_key for job in jobs_of(database, made)} == {
        one.recognition_key for one in (NEW, ENGLISH, GERMAN)
    }
    do(database, life.promote, made)
    settle(database)
    with pytest.raises(NothingNew, match="3 same_key"):
        plan(database, target(own=KNOWN))


def test_an_archives_language_stands_over_the_recordings_own(database: Database) -> None:
    do(database, save_archive, Rules(name="court", language="de"))
    do(database, save_archive, Rules(name="mixed", language="auto"))
    ids = [add_recording(database, archive=archive, language="en") for archive in ("court", "mixed", "calls")]
    add_recording(database, archive="court", language="en", made=GERMAN)
    made = started(database)
    run(database, made)
    assert languages_asked(database, made) == dict(zip(ids, ("de", None, "en"), strict=True))


def test_a_language_that_the_service_does_not_know_is_passed_over(database: Database) -> None:
    add_recording(database, language="tlh")
    with pytest.raises(LanguageNotSupported, match="auto"):
        plan(database, target(own=KNOWN))
    add_recording(database, language="en")
    found = plan(database, target(own=KNOWN))
    assert (found["recordings"], found["skipped"]) == (1, {"language_not_supported": 1})
    assert plan(database)["recordings"] == 2  # with `auto` nobody's own language is asked for


def test_a_language_that_came_after_the_plan_passes_a_recording_over_and_nothing_else(database: Database) -> None:
    first, later = (add_recording(database, language="en") for _ in range(2))
    made = started(database, limits=CampaignLimits(parallel=1))
    settle(database)
    with database.writing() as session:
        session.execute(change(Recording).where(Recording.id == later).values(language="tlh"))
        session.commit()
    run(database, made)
    found = [(one.recording_id, one.state, one.code) for one in members(database, made)]
    assert found == [(first, "done", None), (later, "failed", "language_not_supported")]
    assert (state_of(database, made), languages_asked(database, made)) == ("finished", {first: "en"})


def test_a_fresh_run_is_above_those_before_it_in_the_same_language(database: Database) -> None:
    ids = [add_recording(database, language=language) for language in ("en", "de")]
    normal_job(database, ids[0], replace(ENGLISH, revision=4))
    made = started(database, fresh=True)
    settle(database)
    assert {job.recording_id: job.spec["revision"] for job in jobs_of(database, made)} == {ids[0]: 5, ids[1]: 1}
