"""An answer is no multiple of its request: what is wrong a thousand times is not told a thousand times."""

import json

import httpx

from tests.fixtures.doors import House
from tests.fixtures.importing import Filling

JSON = {"Content-Type": "application/json"}
WRONG = {f"{number}": 1 for number in range(1500)}


def batch(house: House, body: object) -> httpx.Response:
    return house.client.post("/v1/batches", content=json.dumps(body), headers=JSON)


def test_shared_fields_of_a_batch_are_checked_once(closed_house: House) -> None:
    answer = batch(closed_house, {"labels": WRONG, "items": [{"url": "http://x/"}] * 999})
    assert (answer.status_code, len(answer.content) < 1000) == (400, True)
    unknown = batch(closed_house, {"w" * 100_000: 1, "items": [{"url": "http://x/"}] * 999})
    assert (unknown.status_code, len(unknown.content) < 1000) == (400, True)


def test_an_empty_shared_field_that_is_no_option_counts_as_left_out(house: House) -> None:
    answer = house.client.post("/v1/batches", json={"name": "b", "bogus": None, "__dict__": None})
    assert answer.status_code == 202


def test_an_item_that_is_wrong_in_many_ways_is_told_in_a_few_words(house: House) -> None:
    answer = batch(house, {"items": [{"url": "http://x/", **WRONG, "labels": WRONG}] * 20})
    assert answer.status_code == 202
    assert len(answer.content) < 20 * 2000


def test_a_name_that_is_quoted_is_cut(closed_house: House) -> None:
    for path in ("/v1/jobs/", "/v1/campaigns/", "/v1/imports/"):
        answer = closed_house.client.get(path + "x" * 30_000)
        assert (answer.status_code, len(answer.content) < 2000) == (404, True)


def test_a_manifest_of_wrong_rows_makes_a_short_answer_and_short_problems(filling: Filling) -> None:
    rows: list[object] = [{"url": "mount://calls/a.wav", "labels": WRONG, **WRONG} for _ in range(20)]
    lines = "\n".join(map(json.dumps, rows))
    kept = filling.client.post("/v1/batches", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert len(kept.content) < 20 * 2000
    done = filling.done(filling.begin_manifest(rows))
    problems = filling.client.get(f"/v1/imports/{done['id']}/problems")
    assert len(problems.json()["items"]) == 20
    assert len(problems.content) < 20 * 2000
