"""Blind votes over HTTP: what a voter sees, what is kept, and what is counted."""

import pytest

from tests.fixtures.doors import House
from tests.fixtures.reviewing import add_member
from tests.fixtures.rows import add_campaign
from worker.shapes.reviews import NextVote, Votes

OLD = [f"old words of passage {at}" for at in range(6)]
NEW = [f"new things in passage {at}" for at in range(6)]


@pytest.fixture
def voting(either_house: House) -> House:
    campaign = add_campaign(either_house.database)
    add_member(either_house.database, campaign, 1, old=OLD, new=NEW)
    add_member(either_house.database, campaign, 2, old="said before now", new="said before then")
    add_member(either_house.database, campaign, 3)
    return either_house


def ballot(house: House, voter: str = "ada") -> NextVote:
    response = house.client.get("/v1/campaigns/c1/votes/next", params={"voter": voter})
    assert response.status_code == 200, response.text
    return NextVote.model_validate(response.json())


def vote(house: House, shown: NextVote, choice: str, voter: str = "ada") -> int:
    assert shown.ballot is not None
    body = {"voter": voter, "recording": shown.ballot.recording, "passage": shown.ballot.passage, "choice": choice}
    response = house.client.post("/v1/campaigns/c1/votes", json=body)
    return response.status_code


def side_of(shown: NextVote, word: str) -> str:
    assert shown.ballot is not None
    return "a" if word in shown.ballot.a else "b"


def tally(house: House) -> Votes:
    return Votes.model_validate(house.client.get("/v1/campaigns/c1/votes").json())


def test_a_voter_is_led_through_the_most_different_passages_once(voting: House) -> None:
    seen = []
    while (shown := ballot(voting)).ballot is not None:
        seen.append((shown.ballot.recording, shown.ballot.passage))
        assert ballot(voting) == shown
        assert (
            vote(voting, shown, side_of(shown, "new") if "things" in shown.ballot.a + shown.ballot.b else "neither")
            == 201
        )
    assert len(seen) == len(set(seen)) == 4
    assert len({recording for recording, _ in seen[:3]}) == 1

    found = tally(voting)
    assert (found.old, found.new, found.neither, found.votes, found.voters, found.passages) == (0, 3, 1, 4, 1, 4)
    assert found.new_share is not None
    assert (found.new_share.rate, found.p_value) == (1.0, 0.25)
    assert ballot(voting, "bea").voted == 0


def test_a_choice_counts_for_the_version_that_the_voter_saw_in_that_place(voting: House) -> None:
    first = {}
    for number in range(40):
        shown = ballot(voting, f"voter {number}")
        first[number] = side_of(shown, "new")
        assert vote(voting, shown, first[number], f"voter {number}") == 201
    assert tally(voting).new == 40
    assert 5 < list(first.values()).count("a") < 35


def test_nothing_in_a_ballot_tells_which_version_is_which(voting: House) -> None:
    shown = voting.client.get("/v1/campaigns/c1/votes/next", params={"voter": "ada"})
    assert shown.json()["ballot"].keys() == {
        *("recording", "external_id", "source", "passage", "channel", "start_ms", "end_ms", "a", "b")
    }
    transcripts = voting.client.get(f"/v1/recordings/{shown.json()['ballot']['recording']}/transcripts").json()["items"]
    for one in transcripts:
        assert one["id"] not in shown.text
        assert f'"{one["model"]}"' not in shown.text


def test_a_voter_judges_a_passage_once(voting: House) -> None:
    shown = ballot(voting)
    assert [vote(voting, shown, choice) for choice in ("a", "a", "b")] == [201, 201, 409]
    assert tally(voting).votes == 1


def test_only_short_passages_that_differ_are_voted_on(house: House) -> None:
    campaign = add_campaign(house.database)
    add_member(house.database, campaign, 1)
    assert ballot(house).ballot is None
    assert tally(house).p_value is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"choice": "c"}, "choice"),
        ({"voter": ""}, "voter"),
        ({"recording": "none"}, "recording"),
        ({"passage": "0-1-2"}, "passage"),
        ({"model": "m1"}, "model"),
    ],
)
def test_what_is_no_vote_is_refused_by_its_name(house: House, change: dict[str, str], named: str) -> None:
    campaign = add_campaign(house.database)
    recording = add_member(house.database, campaign, 1, old="a b", new="a x")
    body = {"voter": "ada", "recording": recording, "passage": "0-0-2000", "choice": "a", **change}
    response = house.client.post("/v1/campaigns/c1/votes", json=body)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert named in response.json()["detail"]
    assert tally(house).votes == 0


def test_votes_of_a_campaign_that_is_not_there(house: House) -> None:
    for path in ("votes", "votes/next?voter=ada"):
        assert house.client.get(f"/v1/campaigns/none/{path}").json()["code"] == "unknown_campaign"
