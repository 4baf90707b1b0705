"""Archives over HTTP: defaults for jobs, and services that recordings may not go to, at every door."""

import json

import pytest

from tests.fixtures.doors import House, sound
from worker.shapes.archives import Archive

SOURCE = "http://127.0.0.1:9/a.wav"


def set_up(house: House, name: str = "court", **rules: object) -> Archive:
    response = house.client.put(f"/v1/archives/{name}", json=rules)
    assert response.status_code == 200, response.text
    return Archive.model_validate(response.json())


def test_what_nobody_asked_for_is_the_archive_s(either_house: House) -> None:
    set_up(either_house, service="intl", language="de", channels="split")
    spec = either_house.upload(data={"archive": "court"}).json()["spec"]
    assert (spec["service"], spec["language"], spec["channels"]) == ("intl", "de", "split")

    asked = {"archive": "court", "service": "local", "language": "en", "channels": "auto"}
    spec = either_house.upload(sound(1), data=asked).json()["spec"]
    assert (spec["service"], spec["language"], spec["channels"]) == ("local", "en", "auto")


def test_another_archive_is_not_concerned(house: House) -> None:
    set_up(house, service="intl", services=["intl"])
    assert house.upload().json()["spec"]["service"] == "local"


def test_rules_are_replaced_as_a_whole_and_jobs_that_exist_keep_their_spec(either_house: House) -> None:
    first = set_up(either_house, language="en")
    job = either_house.job(data={"archive": "court"})
    again = set_up(either_house, channels="mix")

    assert (again.id, again.language, again.channels) == (first.id, None, "mix")
    assert either_house.client.get(f"/v1/jobs/{job}").json()["spec"]["language"] == "en"
    assert either_house.client.get("/v1/archives").json()["items"] == [
        again.model_dump(mode="json") | {"created_at": ANY}
    ]


class _Any:
    def __eq__(self, _other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


ANY = _Any()


def test_a_service_that_is_not_allowed_is_refused_at_every_door(house: House) -> None:
    set_up(house, services=["local"])
    asked = {"archive": "court", "service": "intl"}
    item = {"url": SOURCE, **asked}
    upload = house.upload(data=asked)
    batch = house.client.post("/v1/batches", json={"items": [item]}).json()["items"][0]
    lines = {"Content-Type": "application/x-ndjson"}
    manifest = house.client.post("/v1/batches", content=json.dumps(item).encode(), headers=lines).json()

    assert (upload.status_code, upload.json()["code"]) == (400, "service_not_allowed")
    assert "may go to local, not to 'intl'" in upload.json()["detail"]
    assert house.client.post("/v1/jobs", json=item).json()["code"] == "service_not_allowed"
    assert batch["error"]["code"] == manifest["problems"][0]["error"]["code"] == "service_not_allowed"
    assert house.media() == []


def test_a_retry_cannot_take_a_recording_where_it_must_not_go(house: House) -> None:
    job = house.job(data={"archive": "court"})
    set_up(house, services=["local"])
    house.client.post(f"/v1/jobs/{job}/cancel")
    response = house.client.post(f"/v1/jobs/{job}/retry", json={"service": "intl"})
    assert response.json()["code"] == "service_not_allowed"


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"service": "none"}, "unknown_service"),
        ({"services": ["none"]}, "unknown_service"),
        ({"language": "xx"}, "unknown_language"),
        ({"service": "intl", "services": ["local"]}, "service_not_allowed"),
        ({"channels": "both"}, "invalid_request"),
        ({"langauge": "en"}, "invalid_request"),
        ([], "invalid_request"),
    ],
)
def test_rules_that_no_job_could_follow_are_refused(house: House, rules: object, code: str) -> None:
    response = house.client.put("/v1/archives/court", json=rules)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert house.client.get("/v1/archives/court").json()["code"] == "unknown_archive"
