"""A member's comparison: what the new version is measured by, and what is counted."""

import json

from tests.fixtures.reviewing import add_member, compare, version
from tests.fixtures.rows import add_campaign, set_job, submit
from worker.campaigns.review.comparing import LONGEST_WORD, ComparedVersions, numbers
from worker.database import Database
from worker.states import CampaignState

LONG = {"text": " ".join(f"w{at}" * 30 for at in range(500)), "gaps": [], "model": "m", "language": "en"}


def test_without_a_person_s_version_there_is_only_a_difference(database: Database) -> None:
    campaign = add_campaign(database)
    recording = add_member(database, campaign, 1, old=["we meet", "on Thursday"], new=["we meet", "on Friday"])
    found = compare(database, campaign, recording)

    assert (found["measure"], found["rate"], found["length_ratio"]) == ("difference", 0.25, 1.0)
    assert (found["old_error"], found["new_error"], found["difference"]["substituted"]) == (None, None, 1)
    assert (found["appeared"], found["vanished"], found["votable"]) == ({"friday": 1}, {"thursday": 1}, 1)


def test_a_pinned_version_of_a_person_is_the_reference_for_old_and_new(database: Database) -> None:
    campaign = add_campaign(database)
    recording = add_member(database, campaign, 1, human="a b c d", old="a x y d", new="a b c z")
    found = compare(database, campaign, recording)

    assert (found["measure"], found["rate"]) == ("error", 0.25)
    assert (found["old_error"]["rate"], found["new_error"]["rate"]) == (0.5, 0.25)
    assert (found["difference"]["rate"], found["old"]["model"], found["new"]["model"]) == (0.75, "m1", "m2")


def test_an_imported_version_that_is_not_pinned_is_no_reference(database: Database) -> None:
    campaign = add_campaign(database)
    recording = add_member(database, campaign, 1, human="a b c d", old="a x y d", new="a b c z", pin=False)
    found = compare(database, campaign, recording)

    assert (found["measure"], found["rate"], found["old"]["model"]) == ("difference", 0.25, None)


def test_beside_a_reference_the_trial_of_another_campaign_is_not_the_old_version(database: Database) -> None:
    campaign = add_campaign(database)
    recording = add_member(database, campaign, 1, human="a b c d", old="a x y d", new="a b c z")
    trial = submit(database, 1, fresh=True)
    other = add_campaign(database, "trial", status=CampaignState.FINISHED)
    set_job(database, trial, campaign_id=other)
    with database.writing() as session:
        version(session, recording, f"{1:028x}0001a"[-32:], "nothing at all", job_id=trial)
        session.commit()

    assert compare(database, campaign, recording)["old_error"]["rate"] == 0.5


def test_where_nothing_was_before_there_is_no_rate(database: Database) -> None:
    campaign = add_campaign(database)
    found = compare(database, campaign, add_member(database, campaign, 1, old=None, new="hello"))
    assert (found["measure"], found["rate"], found["old"], found["length_ratio"]) == ("none", None, None, None)


def test_words_where_there_were_none_are_all_different(database: Database) -> None:
    campaign = add_campaign(database)
    assert compare(database, campaign, add_member(database, campaign, 1, old="", new="hello"))["rate"] == 1.0
    assert compare(database, campaign, add_member(database, campaign, 2, old="", new=""))["rate"] == 0.0


def test_scripts_without_spaces_are_measured_in_characters(database: Database) -> None:
    campaign = add_campaign(database)
    recording = add_member(database, campaign, 1, human="今天天气很好", old="今天天气不好", new="今天天气很好")
    found = compare(database, campaign, recording)
    assert (found["unit"], found["old_error"]["rate"], found["rate"]) == ("characters", 1 / 6, 0.0)


def test_the_numbers_of_long_transcripts_are_small() -> None:
    segments = [{"channel": 0, "start_ms": 0, "end_ms": 1000, "text": LONG["text"], "language": "en", "flags": []}]
    found = numbers(ComparedVersions(old={**LONG, "segments": segments}, new={**LONG, "text": "", "segments": []}))
    assert len(json.dumps(found)) < 4_000
    assert max(map(len, found["vanished"])) == LONGEST_WORD
