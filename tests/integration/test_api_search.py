"""Searching over HTTP: what a hit says, how pages are turned, what is refused."""

from typing import Any

import pytest

from tests.fixtures.doors import House
from tests.fixtures.spoken import bring, set_recording, spoken
from worker.shapes.recordings import Hits


def asked(house: House, **query: Any) -> Hits:  # noqa: ANN401  # any part of a query
    response = house.client.get("/v1/search", params=query)
    assert response.status_code == 200, response.text
    return Hits.model_validate(response.json())


def test_a_hit_says_who_said_it_when_and_where(either_house: House) -> None:
    claimed = spoken(either_house.database, 7, "good morning", "a <b>refund</b> & more", external_id="call-7")
    set_recording(either_house.database, claimed.recording_id, recorded_ms=1_700_000_000_000)
    (hit,) = asked(either_house, q="refund").items
    assert (hit.recording, hit.external_id, hit.source) == (claimed.recording_id, "call-7", "7.wav")
    assert (hit.recorded_at, hit.archive) == ("2023-11-14T22:13:20.000Z", "tests")
    recording = either_house.client.get(f"/v1/recordings/{claimed.recording_id}").json()
    assert hit.transcript == recording["current_transcript"]
    segment = hit.segment
    assert (segment.start_ms, segment.end_ms, segment.channel, segment.speaker) == (1000, 2000, 0, None)
    assert (segment.text, segment.language) == ("a <b>refund</b> & more", "en")
    assert hit.snippet == "a &lt;b&gt;<mark>refund</mark>&lt;/b&gt; &amp; more"


def test_pages_are_turned_without_a_hit_twice_while_others_come(either_house: House) -> None:
    spoken(either_house.database, 1, *(f"word {number}" for number in range(5)))
    first = asked(either_house, q="word", limit=2)
    spoken(either_house.database, 2, "word new")
    second = asked(either_house, q="word", limit=2, cursor=first.next)
    third = asked(either_house, q="word", limit=2, cursor=second.next)
    said = [hit.segment.text for page in (first, second, third) for hit in page.items]
    assert said == [f"word {number}" for number in (4, 3, 2, 1, 0)]
    assert third.next is None


def test_hits_are_narrowed_by_what_recordings_are(house: House) -> None:
    spoken(house.database, 1, "word one", archive="calls")
    other = spoken(house.database, 2, "word two", archive="radio").recording_id
    bring(house.database, other, "word zwei", language="de", pin=True)
    set_recording(house.database, other, labels={"team": "north"})
    said = {
        name: [hit.segment.text for hit in asked(house, q="word", **{name: value}).items]
        for name, value in {"archive": "calls", "language": "de", "label": "team=north"}.items()
    }
    assert said == {"archive": ["word one"], "language": ["word zwei"], "label": ["word zwei"]}


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({}, "q"),
        ({"q": "-only"}, "q"),
        ({"q": '"open'}, "q"),
        ({"q": "word", "cursor": "none"}, "cursor"),
        ({"q": "word", "limit": 0}, "limit"),
        ({"q": "word", "label": "team"}, "label"),
    ],
)
def test_a_bad_query_is_refused_by_the_name_of_the_field(
    closed_house: House, query: dict[str, Any], named: str
) -> None:
    response = closed_house.client.get("/v1/search", params=query)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert response.json()["detail"].startswith(named)
