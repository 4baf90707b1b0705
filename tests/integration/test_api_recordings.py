"""Recordings over HTTP: brought without being transcribed, described, found again, and priced before they come."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import update

from tests.fixtures.doors import House, sound
from tests.fixtures.importing import Filling, View
from tests.fixtures.sounds import encode, tone
from tests.fixtures.spoken import spoken
from worker.models import Job

USD_PER_S = 0.00009  # of intl
AT = "/v1/archives/radio/recordings"


def bring(house: House, content: bytes, status: int = 201, **fields: Any) -> View:  # noqa: ANN401  # a form's
    answer = house.client.post(AT, files={"file": ("a.wav", content)}, data=fields)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def test_a_recording_is_brought_once_described_and_not_transcribed(either_house: House) -> None:
    told: dict[str, Any] = {"external_id": "1", "labels": "team=north", "language": "en", "recorded_at": "2024-01-31"}
    made = bring(either_house, sound(1), **told)
    assert (made["existing"], made["external_id"], made["labels"]) == (False, "1", {"team": "north"})
    assert (made["language"], made["recorded_at"], made["channels"]) == ("en", "2024-01-31T00:00:00.000Z", None)
    again = bring(either_house, sound(1), 200, **told)
    assert (again["id"], again["existing"]) == (made["id"], True)
    assert either_house.client.get("/v1/jobs").json()["items"] == []


def test_a_second_recording_cannot_take_an_external_id(either_house: House) -> None:
    first = bring(either_house, sound(1), external_id="1")
    second = bring(either_house, sound(2))
    changed = bring(either_house, sound(3), 400, external_id="1")
    assert changed["code"] == "source_changed"  # the same name with other bytes
    other = either_house.client.post(AT, files={"file": ("b.wav", sound(4))}, data={"external_id": "1"})
    assert (other.status_code, other.json()["code"]) == (409, "duplicate_external_id")
    taken = either_house.client.patch(f"/v1/recordings/{second['id']}", json={"external_id": "1"})
    assert (taken.status_code, taken.json()["code"]) == (409, "duplicate_external_id")
    assert "a.wav" in taken.json()["detail"]
    same = either_house.client.patch(f"/v1/recordings/{first['id']}", json={"external_id": "1"})
    assert same.status_code == 200


def test_what_is_known_is_corrected_field_by_field(either_house: House) -> None:
    made = bring(either_house, sound(1), external_id="1", labels="team=north", language="en")
    url = f"/v1/recordings/{made['id']}"
    changes = {"labels": {"team": "south"}, "recorded_at": "2024-01-31T10:15:00+01:00", "language": None}
    described = either_house.client.patch(url, json=changes).json()
    assert (described["external_id"], described["labels"], described["language"]) == ("1", {"team": "south"}, None)
    assert described["recorded_at"] == "2024-01-31T09:15:00.000Z"
    assert either_house.client.patch(url, json={}).json() == described
    assert either_house.client.get(url).json() == described


@pytest.mark.parametrize("fields", [{"duration_ms": 1}, {"language": "english"}, {"labels": []}, [1]])
def test_what_cannot_be_changed_is_refused_by_name(closed_house: House, fields: object) -> None:
    answer = closed_house.client.patch(f"/v1/recordings/{'0' * 32}", json=fields)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_only_what_is_there_can_be_described(closed_house: House) -> None:
    answer = closed_house.client.patch(f"/v1/recordings/{'0' * 32}", json={"language": "en"})
    assert answer.json()["code"] == "unknown_recording"
    assert closed_house.client.post(AT, json={}).json()["code"] == "media_type_unsupported"
    assert closed_house.client.post(AT).json()["code"] == "invalid_request"
    assert closed_house.client.get("/v1/imports/none").json()["code"] == "unknown_import"
    assert closed_house.client.get("/v1/imports/none/problems").json()["code"] == "unknown_import"


def test_recordings_are_found_by_what_is_known_of_them(either_house: House) -> None:
    made = [
        bring(either_house, sound(1), external_id="1", labels="team=north,year=2024", language="en"),
        bring(either_house, sound(2), external_id="2", labels="team=north", language="de"),
        bring(either_house, sound(3), labels="team=south", language="en"),
    ]

    def found(query: str) -> list[int]:
        ids = [one["id"] for one in either_house.client.get(f"/v1/recordings?{query}").json()["items"]]
        return [number for number, one in enumerate(made) if one["id"] in ids]

    assert found("external_id=2") == [1]
    assert found("language=en") == [0, 2]
    assert found("label=team=north") == [0, 1]
    assert found("label=team=north&label=year=2024&archive=radio") == [0]
    assert found(f"digest={hashlib.sha256(sound(3)).hexdigest()}") == [2]
    assert found("archive=none") == []


def test_a_job_takes_its_recording_s_language_where_nobody_asks_for_another(either_house: House) -> None:
    bring(either_house, sound(1), language="en")

    def language_of(**asked: str) -> str | None:
        answer = either_house.upload(sound(1), data={"archive": "radio", **asked}).json()
        language: str | None = answer["spec"]["language"]
        return language

    assert language_of() == "en"
    assert language_of(service="intl", language="de") == "de"
    assert language_of(language="auto") is None
    either_house.client.put("/v1/archives/radio", json={"service": "intl", "language": "fr"})
    assert language_of() == "fr"


def test_a_language_that_the_service_does_not_know_is_refused(filling: Filling) -> None:
    filling.put("a.wav")
    filling.put("b.wav")
    rows: list[object] = [{"url": "mount://calls/a.wav", "language": "zh"}, "mount://calls/b.wav"]
    begun = filling.begin_manifest(rows, transcribe="true")
    assert filling.done(begun)["added"] == 1
    assert filling.problems(begun) == [(1, "mount://calls/a.wav", "language_not_supported")]
    bring(filling.house, sound(77), language="zh")
    assert filling.house.upload(sound(77), data={"archive": "radio"}).json()["code"] == "language_not_supported"


def test_labels_of_channels_are_the_archive_s_where_a_job_gives_none(either_house: House) -> None:
    labels = {"0": "agent", "1": "customer"}
    either_house.client.put("/v1/archives/radio", json={"channel_labels": labels})
    assert either_house.upload(data={"archive": "radio"}).json()["spec"]["channel_labels"] == labels
    other = either_house.upload(sound(5), data={"archive": "radio", "channel_labels": "0=a"})
    assert other.json()["spec"]["channel_labels"] == {"0": "a"}
    wrong = either_house.client.put("/v1/archives/radio", json={"channel_labels": {"left": "agent"}})
    assert wrong.json()["code"] == "invalid_request"


def test_what_an_import_would_take_is_told_and_nothing_is_taken(filling: Filling) -> None:
    for number in range(3):
        filling.put(f"{number}.wav", sound(number, 16_000 * 36))
    filling.put("odd.mp3", b"ID3 and so on")
    filling.put("list.m3u", b"x")
    ask = {"folder": "mount://calls", "dry_run": True, "transcribe": {}}
    seen = filling.client.post("/v1/archives/radio/imports", json=ask).json()
    assert (seen["recordings"], seen["refused"], seen["measured"], seen["audio_ms"]) == (4, 1, 3, 144_000)
    assert (seen["to_send_ms"], seen["cost_usd"], seen["complete"]) == (144_000, 0.0, True)
    assert seen["bytes"] == sum(path.stat().st_size for path in filling.folder.glob("*.[wm][ap][v3]"))
    alone = filling.client.post("/v1/archives/radio/imports", json={**ask, "transcribe": None}).json()
    assert (alone["to_send_ms"], alone["cost_usd"], alone["unknown"]) == (None, None, None)
    assert filling.client.get("/v1/archives/radio/imports").json()["items"] == []


def would_take(filling: Filling, **transcribe: object) -> dict[str, Any]:
    """What a dry run says, at a service with a price."""
    ask = {"folder": "mount://calls", "dry_run": True, "transcribe": {"service": "intl", **transcribe}}
    answer = filling.client.post("/v1/archives/radio/imports", json=ask)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_dry_run_prices_what_is_no_wav_too(filling: Filling) -> None:
    for number in range(5):
        encode(filling.folder / f"{number}.mp3", tone(20_000))
    seen = would_take(filling)
    assert (seen["measured"], seen["unknown"], seen["ratio_from"]) == (5, None, "counted whole")
    assert seen["audio_ms"] == pytest.approx(100_000, rel=0.01)
    assert seen["cost_usd"] == pytest.approx(100 * USD_PER_S, rel=0.01)


def test_a_dry_run_that_can_read_no_length_names_no_sum(filling: Filling) -> None:
    filling.put("a.mp3", b"ID3 and so on")
    seen = would_take(filling)
    assert seen["recordings"] == 1
    assert {seen[name] for name in ("audio_ms", "to_send_ms", "cost_usd", "time_s")} == {None}
    assert "not known before they are fetched" in seen["unknown"]


def test_a_dry_run_without_a_price_says_that_the_money_is_not_known(filling: Filling) -> None:
    filling.put("a.wav")
    seen = would_take(filling, model="nobody-knows")
    assert (seen["to_send_ms"], seen["cost_usd"]) == (100, None)
    assert "No price is known for 'nobody-knows'" in seen["unknown"]


def test_a_dry_run_counts_silence_where_the_service_cuts(filling: Filling) -> None:
    filling.put("a.wav", sound(1, 16_000 * 100))
    spoken(filling.house.database, 1, "two words")
    with filling.house.database.writing() as session:
        session.execute(update(Job).values(audio_ms=2000))  # a second of it was silence
        session.commit()
    seen = would_take(filling)
    assert (seen["ratio_from"], seen["to_send_ms"]) == ("earlier jobs", 50_000)
    whole = would_take(filling, segmentation="server_vad")
    assert (whole["ratio_from"], whole["to_send_ms"]) == ("counted whole", 100_000)
    assert whole["cost_usd"] == pytest.approx(100 * USD_PER_S)


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        ({"folder": "mount://none"}, "invalid_request"),
        ({"folder": "https://a/"}, "invalid_request"),
        ({"folder": "mount://calls/none"}, "source_missing"),
        ({"folder": "mount://calls", "naming": "plain"}, "invalid_request"),
        ({"folder": "mount://calls", "transcribe": {"deadline": 5}}, "invalid_request"),
        ({"folder": "mount://calls", "transcribe": {"service": "none"}}, "unknown_service"),
        ({"folder": "mount://calls", "colour": "red"}, "invalid_request"),
        ([], "invalid_request"),
    ],
)
def test_an_import_that_could_not_begin_is_refused_at_the_door(filling: Filling, ask: object, code: str) -> None:
    answer = filling.client.post("/v1/archives/radio/imports", json=ask)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_manifest_that_is_wrong_from_its_beginning_is_refused_and_not_kept(filling: Filling) -> None:
    for body in ("url,external_id\na,é\n".encode("latin-1"), b"external_id,team\n1,north\n"):
        answer = filling.client.post("/v1/archives/radio/imports", content=body, headers={"Content-Type": "text/csv"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_manifest")
    assert filling.house.media() == []
    assert filling.client.get("/v1/archives/radio/imports").json()["items"] == []


def test_services_that_are_not_allowed_are_refused_before_and_while_an_import_runs(filling: Filling) -> None:
    filling.put("a.wav")
    begun = filling.begin(transcribe={"service": "intl"})
    filling.client.put("/v1/archives/radio", json={"services": ["local"]})
    answer = filling.client.post(
        "/v1/archives/radio/imports", json={"folder": "mount://calls", "transcribe": {"service": "intl"}}
    )
    assert answer.json()["code"] == "service_not_allowed"
    ended = filling.done(begun)
    assert (ended["status"], ended["error"]["code"], filling.recordings()) == ("failed", "service_not_allowed", [])


def test_an_import_asked_for_twice_under_one_key_is_one(filling: Filling) -> None:
    filling.put("a.wav")
    key = {"Idempotency-Key": "once"}
    made = [
        filling.client.post("/v1/archives/radio/imports", json={"folder": "mount://calls"}, headers=key).json()["id"]
        for _ in range(2)
    ]
    rows = json.dumps({"url": "mount://calls/a.wav"})
    lines = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "another"}
    made += [
        filling.client.post("/v1/archives/radio/imports", content=rows, headers=lines).json()["id"] for _ in range(2)
    ]
    assert (made[0], made[2]) == (made[1], made[3])
    listed = filling.client.get("/v1/archives/radio/imports").json()["items"]
    assert [one["id"] for one in listed] == [made[2], made[0]]
