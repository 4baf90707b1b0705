"""Versions of transcripts over HTTP: brought from elsewhere, read, chosen and pinned."""

import json
from typing import Any

import pytest

from tests.fixtures.doors import House
from tests.fixtures.finished_jobs import finished
from worker.database import clock
from worker.results import transcript_readers
from worker.results.transcript_readers import BroughtTranscript
from worker.shapes.recordings import Recording
from worker.shapes.transcripts import Comparison, Transcript, Version

SRT = "1\n00:00:00,500 --> 00:00:02,000\nGood morning, Ada.\n\n2\n00:00:06,000 --> 00:00:07,000\nGood morning.\n"


def bring(
    house: House, recording_id: str, body: str = SRT, kind: str = "application/x-subrip", **query: str
) -> Version:
    response = house.client.post(
        f"/v1/recordings/{recording_id}/transcripts",
        content=body.encode(),
        headers={"Content-Type": kind},
        params=query,
    )
    assert response.status_code == 201, response.text
    return Version.model_validate(response.json())


def recording(house: House, recording_id: str) -> Recording:
    return Recording.model_validate(house.client.get(f"/v1/recordings/{recording_id}").json())


def test_a_person_s_correction_is_pinned_beside_what_the_job_said(either_house: House) -> None:
    recording_id = finished(either_house.database).recording_id
    version = bring(either_house, recording_id, pin="true", language="en")

    assert (version.origin, version.job, version.current, version.pinned, version.language) == (
        "import",
        None,
        True,
        True,
        "en",
    )
    assert recording(either_house, recording_id).current_transcript == version.id
    listed = either_house.client.get(f"/v1/recordings/{recording_id}/transcripts").json()["items"]
    assert [item["origin"] for item in listed] == ["import", "job"]


def test_every_version_can_be_read_in_every_form(house: House) -> None:
    version = bring(house, finished(house.database).recording_id)
    read = Transcript.model_validate(house.client.get(f"/v1/transcripts/{version.id}").json())
    assert (read.text, read.job, read.duration_ms) == ("Good morning, Ada. Good morning.", None, 10_000)
    assert house.client.get(f"/v1/transcripts/{version.id}", params={"format": "srt"}).text.strip() == SRT.strip()


def test_what_a_job_said_can_be_brought_back_as_it_is(house: House) -> None:
    claimed = finished(house.database)
    said = house.client.get(f"/v1/jobs/{claimed.job_id}/transcript").text
    version = bring(house, claimed.recording_id, said, "application/json")
    again = house.client.get(f"/v1/transcripts/{version.id}").json()
    assert again["segments"] == json.loads(said)["segments"]
    assert (again["service"], again["model"]) == ("local", "pocketsphinx-en-us")


def test_an_older_version_is_chosen_and_pinned(house: House) -> None:
    recording_id = finished(house.database).recording_id
    old = recording(house, recording_id).current_transcript
    bring(house, recording_id, pin="true")
    response = house.client.post(f"/v1/recordings/{recording_id}/current", json={"transcript": old, "pin": True})

    assert (response.json()["current_transcript"], response.json()["pinned"]) == (old, True)


def test_the_same_key_brings_a_transcript_once(house: House) -> None:
    recording_id = finished(house.database).recording_id
    url = f"/v1/recordings/{recording_id}/transcripts"
    headers = {"Idempotency-Key": "k", "Content-Type": "application/octet-stream"}
    first, again = (house.client.post(f"{url}?format=txt", content=b"Hello.", headers=headers) for _ in range(2))

    assert first.json() == again.json()
    assert len(house.client.get(url).json()["items"]) == 2
    assert house.client.post(f"{url}?format=txt", content=b"Other.", headers=headers).status_code == 422


def test_two_versions_are_compared_and_a_pinned_one_of_a_person_is_what_was_said(house: House) -> None:
    recording_id = finished(house.database).recording_id
    said = recording(house, recording_id).current_transcript
    corrected = bring(house, recording_id, pin="true")
    response = house.client.get(f"/v1/transcripts/{corrected.id}/comparison", params={"with": str(said)})

    found = Comparison.model_validate(response.json())
    assert (found.measure, found.words, found.edits, found.vanished) == ("error", 5, 1, {"ada": 1})
    back = house.client.get(f"/v1/transcripts/{said}/comparison", params={"with": corrected.id}).json()
    assert (back["measure"], back["edits"], back["appeared"]) == ("difference", 1, {"ada": 1})


def test_versions_of_different_recordings_are_not_compared(house: House) -> None:
    one, other = (bring(house, finished(house.database, number).recording_id) for number in (1, 2))
    response = house.client.get(f"/v1/transcripts/{one.id}/comparison", params={"with": other.id})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("recordings/none/transcripts?format=txt", "Hello.", "unknown_recording"),
        ("recordings/none/current", '{"transcript": "t"}', "unknown_recording"),
        ("recordings/{id}/current", '{"transcript": "none"}', "unknown_transcript"),
        ("recordings/{id}/current", "{}", "invalid_request"),
        ("recordings/{id}/transcripts?format=srt", "Hello.", "invalid_request"),
        ("recordings/{id}/transcripts?format=docx", "Hello.", "invalid_request"),
        ("recordings/{id}/transcripts?format=txt", b"\xff\xfe", "invalid_request"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(house: House, path: str, body: str | bytes, code: str) -> None:
    recording_id = finished(house.database).recording_id
    before = recording(house, recording_id)
    content = body.encode() if isinstance(body, str) else body
    kind = "application/octet-stream" if "/transcripts" in path else "application/json"
    response = house.client.post(f"/v1/{path.format(id=recording_id)}", content=content, headers={"Content-Type": kind})

    assert response.json()["code"] == code
    assert recording(house, recording_id) == before


def test_a_version_that_is_not_there_is_404(house: House) -> None:
    response = house.client.get("/v1/transcripts/none")
    assert (response.status_code, response.json()["code"]) == (404, "unknown_transcript")


def test_a_transcript_is_read_while_others_may_write(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    read = transcript_readers.read_transcript

    def beside_a_writer(*what: Any, **how: Any) -> BroughtTranscript:  # noqa: ANN401  # as it is called
        with house.database.writing() as session:  # on SQLite there is one lock for all
            clock(session)
            session.commit()
        return read(*what, **how)

    monkeypatch.setattr(transcript_readers, "read_transcript", beside_a_writer)
    assert bring(house, finished(house.database).recording_id).language is None


def test_a_transcript_that_is_too_long_is_refused(house: House) -> None:
    recording_id = finished(house.database).recording_id
    path = f"/v1/recordings/{recording_id}/transcripts"
    answer = house.client.post(path, content=b"a " * (5 * 1024**2), headers={"Content-Type": "text/vtt"})
    assert (answer.status_code, answer.json()["detail"]) == (400, "The body is longer than 8388608 bytes.")
