"""Transcripts and recordings over HTTP."""

import pysubs2
import pytest

from tests.fixtures.doors import House
from tests.fixtures.finished_jobs import cut, finished
from worker.results.export import MEDIA_TYPES, Format
from worker.shapes.recordings import Recording
from worker.shapes.transcripts import Transcript, Version


def transcript_url(house: House) -> str:
    return f"/v1/jobs/{finished(house.database).job_id}/transcript"


def test_a_transcript_has_the_keys_of_the_published_shape_in_their_order(either_house: House) -> None:
    response = either_house.client.get(transcript_url(either_house))
    assert response.headers["content-type"] == "application/json"
    transcript = Transcript.model_validate(response.json())
    assert (transcript.text, transcript.gaps[0].code) == ("Good morning. Good morning.", "content_refused")


@pytest.mark.parametrize("form", list(Format))
def test_every_form_can_be_asked_for_by_name_and_by_media_type(house: House, form: Format) -> None:
    url = transcript_url(house)
    named = house.client.get(url, params={"format": form})
    accepted = house.client.get(url, headers={"Accept": f"text/html, {MEDIA_TYPES[form]};q=0.9, */*;q=0.1"})
    assert named.content == accepted.content
    assert named.headers["content-type"].startswith(MEDIA_TYPES[form])
    assert named.headers["content-disposition"] == f"inline; filename*=UTF-8''1.{form}"


def test_subtitles_can_be_read_back(house: House) -> None:
    text = house.client.get(transcript_url(house), params={"format": "srt"}).text
    assert next(event.text for event in pysubs2.SSAFile.from_string(text)) == "Good morning."


def test_a_form_that_is_none_is_refused(closed_house: House) -> None:
    response = closed_house.client.get("/v1/jobs/x/transcript", params={"format": "docx"})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")


def test_before_the_end_a_transcript_is_not_ready_and_can_be_partial(house: House) -> None:
    claimed, _ = cut(house.database)
    url = f"/v1/jobs/{claimed.job_id}/transcript"
    early = house.client.get(url)
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    assert Transcript.model_validate(house.client.get(url, params={"partial": "true"}).json()).segments == []


def test_a_transcript_of_no_job_is_a_problem(closed_house: House) -> None:
    assert closed_house.client.get("/v1/jobs/nothing/transcript").json()["code"] == "unknown_job"


def test_a_recording_leads_to_its_transcripts(either_house: House) -> None:
    recording_id = finished(either_house.database).recording_id
    (listed,) = either_house.client.get("/v1/recordings", params={"archive": "tests"}).json()["items"]
    shown = either_house.client.get(f"/v1/recordings/{recording_id}").json()
    (version,) = either_house.client.get(f"/v1/recordings/{recording_id}/transcripts").json()["items"]
    assert listed == shown
    assert Recording.model_validate(shown).current_transcript == Version.model_validate(version).id


@pytest.mark.parametrize("tail", ["", "/transcripts"])
def test_a_recording_that_is_not_there_is_a_problem(closed_house: House, tail: str) -> None:
    response = closed_house.client.get(f"/v1/recordings/nothing{tail}")
    assert (response.status_code, response.json()["code"]) == (404, "unknown_recording")
