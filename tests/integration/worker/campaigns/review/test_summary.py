"""A campaign's comparison in sum."""

import hashlib

import pytest

from tests.fixtures.reviewing import add_member
from tests.fixtures.rows import add_campaign
from worker.campaigns.review.comparing import ComparedVersions, numbers
from worker.campaigns.review.summary import ComparisonTotals, WordCounts, summarise
from worker.database import Database


def test_error_and_difference_are_kept_apart_and_counted(database: Database) -> None:
    campaign, other = add_campaign(database), add_campaign(database, "c2")
    add_member(database, campaign, 1, human="a b c d", old="a x y d", new="a b c z", canary=True)
    add_member(database, campaign, 2, human="a b c d", old="a b c d", new="a b c d")
    add_member(database, campaign, 3, human="a b", old=None, new="a c")
    add_member(database, campaign, 4, old="on Thursday", new="on Friday", after={"language": "de"}, canary=True)
    add_member(database, campaign, 5, old=None, new="hello")
    add_member(database, campaign, 6, new=None)
    add_member(database, other, 7)
    with database.reading() as session:
        found, canary = (summarise(session, campaign, canary_only=only) for only in (False, True))

    assert found["recordings"] == {
        "members": 6,
        "failed": 1,
        "compared": 5,
        "with_reference": 3,
        "without_reference": 1,
        "with_nothing_before": 1,
    }
    assert found["measure"] == "error"
    assert (found["error"]["recordings"], found["error"]["old"]["words"]) == (2, 8)
    assert (found["error"]["old"]["rate"], found["error"]["new"]["rate"]) == (0.25, 0.125)
    assert found["error"]["change"]["rate"] == pytest.approx(-0.125)
    assert found["error"]["change"]["low"] <= -0.125 <= found["error"]["change"]["high"]
    assert (found["new_error"]["recordings"], found["new_error"]["rate"]) == (3, 0.2)
    assert (found["difference"]["rate"], found["difference"]["low"]) == (0.5, None)
    assert found["language_changes"] == [{"from": "en", "to": "de", "recordings": 1}]
    assert found["shares"]["failed"] == pytest.approx(1 / 6)
    assert (found["appeared"]["friday"], found["vanished"]["thursday"]) == (1, 1)
    assert (canary["recordings"]["compared"], canary["error"]["recordings"]) == (2, 1)


def test_a_campaign_without_a_comparison_has_a_summary_that_says_so(database: Database) -> None:
    campaign = add_campaign(database)
    with database.reading() as session:
        found = summarise(session, campaign)
    assert (found["measure"], found["error"], found["difference"], found["length_ratio"]) == ("none", None, None, None)
    assert found["shares"]["failed"] is None


def test_more_gaps_and_flags_and_empty_ones_are_shares_of_recordings() -> None:
    totals = ComparisonTotals()
    plain = {"text": "a b", "gaps": [], "model": "m", "language": "en"}
    segment = {"channel": 0, "start_ms": 0, "end_ms": 1000, "text": "a b", "language": "en", "flags": []}
    old = {**plain, "segments": [segment]}
    worse = {**plain, "segments": [{**segment, "flags": ["loop"]}], "gaps": [{}]}
    totals.add(numbers(ComparedVersions(old=old, new=worse)))
    totals.add(numbers(ComparedVersions(old=old, new={**plain, "text": "", "segments": []})))
    found = totals.view({})

    assert (found["shares"]["more_gaps"], found["shares"]["more_flags"], found["shares"]["without_words"]) == (0.5,) * 3
    assert (found["new"]["gaps"], found["new"]["flags"], found["length_ratio"]) == (1, {"loop": 1}, 0.5)


def test_words_are_counted_in_bounded_room_and_frequent_ones_stay() -> None:
    words = WordCounts(room=100)
    for at in range(5_000):
        words.add({"often": 1, f"rare{at}": 1})
    assert len(words.counted) <= 101
    assert next(iter(words.most().items())) == ("often", 5_000)


def test_of_a_very_large_campaign_a_random_part_is_read_and_it_says_so(database: Database) -> None:
    campaign = add_campaign(database)
    ids = [add_member(database, campaign, number + 1) for number in range(12)]
    drawn = [one for one in ids if hashlib.md5(one.encode(), usedforsecurity=False).hexdigest() < "8"]
    with database.reading() as session:
        found, again = (summarise(session, campaign, read_at_most=6) for _ in range(2))
    assert found["share_read"] == 0.5
    assert (found["recordings"]["compared"], found["recordings"]["members"]) == (len(drawn), 12)
    assert found == again
