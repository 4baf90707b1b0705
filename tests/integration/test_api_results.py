"""What came of many recordings, over HTTP: a row for each, and why where there is no transcript."""

from typing import Any

import pytest
from sqlalchemy import insert

from tests.fixtures.doors import House
from tests.fixtures.finished_jobs import cut
from tests.fixtures.rows import SPEC, add_campaign, claim, give_to_campaign, new_recording, submit
from tests.fixtures.spoken import bring, spoken
from worker.database import Database
from worker.errors import DamagedAudio
from worker.models import Member
from worker.queue import jobs, submission
from worker.queue.batches import add_batch
from worker.recordings import find_or_add
from worker.results import segments
from worker.shapes.recordings import Result, Results
from worker.states import MemberState


def asked(house: House, **query: Any) -> list[Result]:  # noqa: ANN401  # any part of a query
    response = house.client.get("/v1/results", params=query)
    assert response.status_code == 200, response.text
    return Results.model_validate(response.json()).items


def failed(database: Database, number: int) -> str:
    """A job that failed after it had sent a second; its id."""
    claimed, (first, *_others) = cut(database, number, complete=False)
    segments.gap(database, claimed, first, DamagedAudio(), sent_ms=1000)
    jobs.fail(database, claimed, DamagedAudio(), "decode")
    return claimed.job_id


def test_an_archive_gives_the_current_versions_and_why_others_are_missing(either_house: House) -> None:
    database = either_house.database
    said = spoken(database, 1, "one", "two", external_id="call-1")
    broken = failed(database, 2)
    corrected = bring(database, spoken(database, 3, "three").recording_id, "as it was", pin=True)
    with database.writing() as session:
        submission.submit(session, new_recording(9, archive="another"), SPEC)
        session.commit()

    newest, middle, oldest = asked(either_house, archive="tests")
    assert (oldest.external_id, oldest.job, oldest.status, oldest.sent_ms, oldest.cost_usd) == (
        "call-1",
        said.job_id,
        "succeeded",
        2000,
        0.0,
    )
    assert oldest.transcript
    assert (middle.job, middle.status, middle.transcript, middle.sent_ms) == (broken, "failed", None, 1000)
    assert middle.error
    assert middle.error.code == "damaged_audio"
    assert (newest.transcript, newest.job, newest.service, newest.sent_ms) == (corrected, None, None, 0)
    assert newest.cost_usd is None


def test_a_recording_that_was_never_asked_for_is_missing(house: House) -> None:
    with house.database.writing() as session:
        find_or_add(session, [new_recording(1)])
        session.commit()
    (row,) = asked(house, archive="tests")
    assert (row.status, row.job, row.transcript, row.error) == ("missing", None, None, None)


def test_a_batch_gives_its_jobs_and_pages_are_turned(either_house: House) -> None:
    with either_house.database.writing() as session:
        batch = add_batch(session)
        session.commit()
    ids = [submit(either_house.database, number, batch_id=batch) for number in range(3)]
    submit(either_house.database, 7)
    first = either_house.client.get("/v1/results", params={"batch": batch, "limit": 2}).json()
    rest = asked(either_house, batch=batch, limit=2, cursor=first["next"])
    assert [row["job"] for row in first["items"]] + [row.job for row in rest] == ids[::-1]
    assert {row.status for row in rest} == {"queued"}


def test_a_campaign_gives_its_own_versions_and_not_the_current_ones(either_house: House) -> None:
    database = either_house.database
    before = spoken(database, 1, "as it was heard first")
    again = submit(database, 1, fresh=True)
    campaign = give_to_campaign(database, again, "spring")
    claimed = claim(database)
    segments.complete_cut(database, claimed, 1000)
    own = jobs.finish(database, claimed)
    other = spoken(database, 2, "has not had its turn").recording_id
    with database.writing() as session:
        for recording_id, job_id in ((before.recording_id, again), (other, None)):
            row = {"campaign_id": campaign, "recording_id": recording_id, "job_id": job_id, "state": MemberState.GIVEN}
            session.execute(insert(Member).values(row))
        session.commit()

    for name in ("spring", campaign):
        waiting, done = asked(either_house, campaign=name)
        assert (done.recording, done.job, done.transcript) == (before.recording_id, again, own)
        assert (waiting.recording, waiting.job, waiting.status) == (other, None, "missing")
    current = either_house.client.get(f"/v1/recordings/{before.recording_id}").json()["current_transcript"]
    assert current != own


def test_money_is_what_the_price_file_says_of_the_model_that_was_asked_for(house: House) -> None:
    prices = '[local."pocketsphinx-en-us"]\nusd_per_s = 0.5\n'
    house.settings.resolved_prices_file.write_text(prices)
    spoken(house.database, 1, "one", "two")
    bring(house.database, spoken(house.database, 2, "three").recording_id, "by hand", pin=True)
    assert [row.cost_usd for row in asked(house, archive="tests")] == [None, 1.0]


def test_jobs_are_named_by_their_ids(house: House) -> None:
    one, other = submit(house.database, 1), submit(house.database, 2)
    submit(house.database, 3)
    assert [row.job for row in asked(house, job=[one, other])] == [other, one]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({}, 400, "invalid_request"),
        ({"archive": "a", "batch": "b"}, 400, "invalid_request"),
        ({"archive": "a", "job": "b"}, 400, "invalid_request"),
        ({"batch": "none"}, 404, "unknown_batch"),
        ({"campaign": "none"}, 404, "unknown_campaign"),
        ({"job": ["none"]}, 404, "unknown_job"),
        ({"job": ["j"] * 101}, 400, "invalid_request"),
        ({"archive": "a", "cursor": "x"}, 400, "invalid_request"),
    ],
)
def test_what_is_not_there_or_not_one_thing_is_refused(
    closed_house: House, query: dict[str, Any], status: int, code: str
) -> None:
    response = closed_house.client.get("/v1/results", params=query)
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_an_archive_of_which_nobody_knows_is_empty(house: House) -> None:
    add_campaign(house.database, "unrelated")
    assert asked(house, archive="none") == []
