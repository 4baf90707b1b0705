"""No row poisons others: what one stranger supplies breaks no list, no batch and no import of somebody else."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.doors import House, opened, settings_for, sound
from tests.fixtures.importing import Filling
from tests.fixtures.stub_server import stub_server
from worker.models import Recording

DEEP = '{"a":' * 1000 + "1" + "}" * 1000
LATE, EARLY = "9999-12-31T23:59:59.999999", "0001-01-01T00:00:00+14:00"
LONG = "".join(hashlib.sha256(bytes([number])).hexdigest() for number in range(100))  # that does not compress


@pytest.mark.parametrize("row", [{"recorded_at": LATE}, {"recorded_at": EARLY}, {"labels": DEEP}])
def test_an_import_keeps_its_other_rows(filling: Filling, row: dict[str, Any]) -> None:
    filling.put("a.wav")
    filling.put("b.wav")
    rows: list[object] = [{"url": "mount://calls/a.wav", **row}, {"url": "mount://calls/b.wav"}]
    done = filling.done(filling.begin_manifest(rows))
    assert (done["status"], done["added"], done["refused"]) == ("succeeded", 1, 1)
    assert len(filling.client.get("/v1/recordings").json()["items"]) == 1


@pytest.mark.parametrize("item", [{"labels": DEEP}, {"labels": {"a": "\0"}}, {"external_id": "\ud800"}, {"\ud800": 1}])
def test_a_batch_keeps_its_other_items(either_house: House, item: dict[str, Any]) -> None:
    items = [{"url": "http://127.0.0.1:9/a.wav", **item}, {"url": "http://b.invalid/b.wav"}]
    sent = json.dumps({"items": items})  # httpx would write bytes that are no UTF-8
    answer = either_house.client.post("/v1/batches", content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == 202
    assert [one["error"] is None for one in answer.json()["items"]] == [False, True]


def test_a_date_at_the_end_of_the_calendar_is_refused(house: House) -> None:
    recording = house.upload().json()["recording"]
    for stamp in (LATE, EARLY):
        assert house.client.patch(f"/v1/recordings/{recording}", json={"recorded_at": stamp}).status_code == 400


def test_a_row_that_has_such_a_date_already_is_shown(house: House) -> None:
    recording = house.upload().json()["recording"]
    with house.database.writing() as session:
        session.query(Recording).update({"recorded_ms": 253_402_300_800_000})
        session.commit()
    assert house.client.get("/v1/recordings").json()["items"][0]["recorded_at"] == "9999-12-31T23:59:59.999Z"
    assert house.client.get(f"/v1/recordings/{recording}").status_code == 200


def test_a_source_with_a_very_long_etag_is_kept(database_url: str, tmp_path: Path) -> None:
    settings = settings_for(database_url, tmp_path, allow_private_urls=True)
    with stub_server({"/a.wav": [(200, sound())]}, ETag=f'"{LONG}"') as server, opened(settings) as house:
        url = f"{server.url}/a.wav"
        assert house.client.post("/v1/jobs", json={"url": url}).status_code == 202
        again = house.client.post("/v1/jobs", json={"url": url})
        assert (again.status_code, again.json()["existing"]) == (200, True)


PATHS = ["/v1/jobs/%00", "/v1/recordings/a%00b", "/v1/campaigns/%00", "/v1/archives/%00/imports", "/v1/imports/%00"]
QUERIES = ["jobs?archive=%00", "recordings?label=a=%00", "recordings?label=%00=x", "search?q=%00", "usage?archive=%00"]


@pytest.mark.parametrize("path", [*PATHS, *(f"/v1/{query}" for query in QUERIES)])
def test_a_nul_in_an_address_is_a_wrong_request(either_house: House, path: str) -> None:
    assert either_house.client.get(path).status_code == 400


def test_more_labels_than_a_recording_has_are_a_wrong_request(house: House) -> None:
    many = "&".join(f"label=a{number}=1" for number in range(1500))
    assert house.client.get(f"/v1/recordings?{many}").status_code == 400


def test_an_unknown_null_field_is_named(house: House) -> None:
    recording = house.upload().json()["recording"]
    answer = house.client.patch(f"/v1/recordings/{recording}", json={"bogus": None})
    assert (answer.status_code, answer.json()["detail"]) == (400, "bogus: is no field of a recording.")


@pytest.mark.parametrize(
    "selection", ['{"sample":100000000000000000000}', '{"limit":9223372036854775807}', '{"duration_from":1e400}']
)
def test_a_number_that_is_out_of_reach_is_refused(either_house: House, selection: str) -> None:
    sent = f'{{"selection":{selection},"dry_run":true}}'
    answer = either_house.client.post("/v1/campaigns", content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_a_deadline_in_the_year_9999_is_refused(house: House) -> None:
    fields = {"url": "http://127.0.0.1:9/a", "deadline": "9999-12-31T23:59:59.9999999-12:00"}
    assert house.client.post("/v1/jobs", json=fields).status_code == 400
