"""Submitting files over HTTP: what comes in, what is refused, and that nothing is left of what is refused."""

import hashlib
import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.fixtures.doors import MAX_UPLOAD_BYTES, House, opened, settings_for, sound
from worker.shapes.jobs import SubmittedJob
from worker.states import Lane

JSON = {"content-type": "application/json"}


def code(response: httpx.Response) -> str:
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == response.status_code
    return str(response.json()["code"])


def form(*parts: tuple[str, bytes], closed: bool = True) -> dict[str, Any]:
    """A form written by hand, its parts in the order given; a part named file is one."""
    lines = b""
    for name, data in parts:
        filename = '; filename="a.wav"' if name == "file" else ""
        lines += f'--xx\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n'.encode() + data + b"\r\n"
    return {
        "content": lines + (b"--xx--\r\n" if closed else b""),
        "headers": {"content-type": "multipart/form-data; boundary=xx"},
    }


def test_a_file_becomes_a_job_and_wakes_its_lane(either_house: House) -> None:
    response = either_house.upload(data={"language": "en", "lane": "interactive", "external_id": "call 7"})
    job = SubmittedJob.model_validate(response.json())
    assert (response.status_code, job.status, job.existing, job.source) == (202, "queued", False, "a.wav")
    assert response.headers["location"] == f"/v1/jobs/{job.id}"
    assert (job.spec.language, job.external_id) == ("en", "call 7")
    assert either_house.woken == [Lane.INTERACTIVE]


def test_its_bytes_lie_in_the_media_store_under_their_digest(house: House) -> None:
    house.job()
    (path,) = house.media()
    assert path.read_bytes() == sound()
    assert path.name == hashlib.sha256(sound()).hexdigest()


def test_the_same_file_and_spec_again_is_the_same_job(either_house: House) -> None:
    first = either_house.upload().json()
    again = either_house.upload(name="other name.wav")
    assert (again.status_code, again.json()["id"], again.json()["existing"]) == (200, first["id"], True)
    assert len(either_house.woken) == 1


def test_asked_for_afresh_it_is_another_job_that_reuses_nothing(house: House) -> None:
    first = house.upload().json()
    fresh = house.upload(data={"fresh": "true"})
    assert fresh.status_code == 202
    assert (fresh.json()["recording"], fresh.json()["spec"]["revision"]) == (first["recording"], 1)


def test_fields_may_follow_the_file(house: House) -> None:
    response = house.client.post("/v1/jobs", **form(("archive", b"calls"), ("file", sound()), ("labels", b"a=1, b=2")))
    assert response.status_code == 202
    assert (response.json()["archive"], response.json()["labels"]) == ("calls", {"a": "1", "b": "2"})


def test_labels_may_be_json(house: House) -> None:
    assert house.upload(data={"labels": '{"room": "4"}'}).json()["labels"] == {"room": "4"}


def test_empty_fields_are_as_good_as_left_out(house: House) -> None:
    assert house.upload(data={"language": "", "priority": "", "batch": ""}).status_code == 202


@pytest.mark.parametrize(
    ("fields", "expected", "named"),
    [
        ({"langage": "en"}, "invalid_request", "langage"),
        ({"channels": "stereo"}, "invalid_request", "channels"),
        ({"priority": "high"}, "invalid_request", "priority"),
        ({"priority": "101"}, "invalid_request", "priority"),
        ({"labels": "no pair"}, "invalid_request", "labels"),
        ({"labels": "{broken"}, "invalid_request", "labels"),
        ({"archive": "a" * 201}, "invalid_request", "archive"),
        ({"external_id": "a\0b"}, "invalid_request", "external_id"),
        ({"context": "c" * 70_000}, "invalid_request", "context"),
        ({"language": "klingon"}, "unknown_language", "klingon"),
        ({"language": "de"}, "language_not_supported", "de"),
        ({"service": "nobody"}, "unknown_service", "nobody"),
        ({"batch": "0" * 32}, "unknown_batch", "0" * 32),
    ],
)
def test_a_wrong_field_is_named(closed_house: House, fields: dict[str, str], expected: str, named: str) -> None:
    response = closed_house.upload(data=fields)
    assert code(response) == expected
    assert named in response.json()["detail"]
    assert closed_house.woken == []


@pytest.mark.parametrize("parts", [[("x", b"1"), ("file", sound())], [("file", sound()), ("x", b"1")]])
def test_nothing_is_left_of_a_wrong_form_whatever_its_order(
    closed_house: House, parts: list[tuple[str, bytes]]
) -> None:
    assert code(closed_house.client.post("/v1/jobs", **form(*parts))) == "invalid_request"
    assert closed_house.media() == []
    assert closed_house.client.get("/v1/recordings").json()["items"] == []


@pytest.mark.parametrize(
    ("content", "status", "expected"),
    [
        (b"", 400, "empty_file"),
        (b"Dear diary, today I wrote a text and named it .mp3.", 415, "not_audio"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), 415, "not_audio"),
        (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", 415, "playlist_refused"),
        (b"ffconcat version 1.0\nfile 'secret.wav'\n", 415, "playlist_refused"),
        (sound(frames=MAX_UPLOAD_BYTES), 413, "upload_too_large"),
    ],
)
def test_a_file_that_cannot_be_a_recording_is_refused_and_not_kept(
    closed_house: House, content: bytes, status: int, expected: str
) -> None:
    response = closed_house.client.post("/v1/jobs", **form(("file", content)))
    assert (response.status_code, code(response)) == (status, expected)
    assert closed_house.media() == []


def test_an_upload_that_says_it_is_too_large_is_refused_before_it_is_sent(house: House) -> None:
    connection = http.client.HTTPConnection(urlsplit(str(house.client.base_url)).netloc, timeout=10)
    connection.putrequest("POST", "/v1/jobs")
    connection.putheader("Content-Type", "multipart/form-data; boundary=xx")
    connection.putheader("Content-Length", str(10 * MAX_UPLOAD_BYTES))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_an_upload_that_does_not_say_its_length_is_counted(house: House) -> None:
    whole = form(("file", sound(frames=4 * MAX_UPLOAD_BYTES)))

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(whole["content"]), 65_536):
            yield whole["content"][start : start + 65_536]

    response = house.client.post("/v1/jobs", content=pieces(), headers=whole["headers"])
    assert code(response) == "upload_too_large"
    assert house.media() == []


def test_what_is_left_of_a_refused_upload_is_not_waited_for(house: House) -> None:
    connection = http.client.HTTPConnection(urlsplit(str(house.client.base_url)).netloc, timeout=10)
    connection.putrequest("POST", "/v1/jobs")
    connection.putheader("Content-Type", "multipart/form-data; boundary=xx")
    connection.putheader("Content-Length", str(MAX_UPLOAD_BYTES))
    connection.endheaders()
    connection.send(form(("langage", b"en"), ("file", sound()))["content"])
    response = connection.getresponse()
    assert (response.status, response.headers["connection"]) == (400, "close")
    connection.close()


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (form(("archive", b"calls")), "file"),
        (form(("file", sound()), ("file", sound())), "one file"),
        (form(("file", sound()), closed=False), "boundary"),
        (form(("archive", b"a"), ("archive", b"b")), "archive"),
        (form(("archive", b"\xff"), ("file", sound())), "UTF-8"),
        ({"content": b"nonsense", "headers": {"content-type": "multipart/form-data; boundary=xx"}}, "form"),
        ({"content": b"", "headers": {"content-type": "multipart/form-data"}}, "boundary"),
        ({}, "multipart/form-data"),
        ({"content": b"{", "headers": JSON}, "JSON"),
        ({"content": b"[]", "headers": JSON}, "object"),
        ({"json": {"context": "x" * 2_000_000}}, "longer"),
        ({"json": {"archive": "calls"}}, "url"),
        ({"content": b'{"url": "http://a.example/x", "context": "\\ud800"}', "headers": JSON}, "context"),
    ],
)
def test_a_body_that_is_no_submission_says_what_is_missing(
    closed_house: House, request_: dict[str, Any], named: str
) -> None:
    response = closed_house.client.post("/v1/jobs", **request_)
    assert (response.status_code, code(response)) == (400, "invalid_request")
    assert named in response.json()["detail"]
    assert closed_house.media() == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd.wav", "passwd.wav"),
        ("C:\\calls\\monday.wav", "monday.wav"),
        ("会議.wav", "会議.wav"),
        ("a" * 300 + ".wav", "a" * 196 + ".wav"),
    ],
)
def test_a_file_name_of_a_stranger_is_only_shown_and_tamed_for_that(house: House, given: str, shown: str) -> None:
    assert house.upload(name=given).json()["source"] == shown


def test_a_store_that_cannot_be_written_is_our_fault_and_passes(house: House) -> None:
    incoming = house.settings.resolved_media_dir / ".incoming"
    incoming.rmdir()
    incoming.write_text("in the way")
    response = house.upload()
    assert (response.status_code, code(response), response.json()["retryable"]) == (503, "storage_failed", True)
    assert response.headers["retry-after"]


def test_a_batch_named_in_the_form_takes_the_job(either_house: House) -> None:
    batch_id = either_house.client.post("/v1/batches", json={"name": "monday"}).json()["id"]
    assert either_house.upload(data={"batch": batch_id}).json()["batch"] == batch_id
    assert either_house.client.get(f"/v1/batches/{batch_id}").json()["counts"]["queued"] == 1


def test_a_job_is_committed_before_anybody_is_woken_for_it(sqlite_url: str, tmp_path: Path) -> None:
    with opened(settings_for(sqlite_url, tmp_path)) as house:
        seen: list[int] = []
        house.woken = seen  # type: ignore[assignment]  # what the wake-up saw
        door = house.app.state.deps
        object.__setattr__(door, "wake", lambda _lane: seen.append(len(house.client.get("/v1/jobs").json()["items"])))
        house.upload()
        assert seen == [1]
