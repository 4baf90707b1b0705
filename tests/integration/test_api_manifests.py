"""Manifests over HTTP: any number of rows, in chunks that are kept one by one."""

import json
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from api.requests import manifest_upload
from tests.fixtures.doors import MAX_UPLOAD_BYTES, House
from tests.fixtures.waiting import wait_for
from worker.imports import manifests
from worker.models import Batch, Job, Recording
from worker.shapes.jobs import SubmittedManifest
from worker.states import Lane

JSON = {"content-type": "application/x-ndjson"}
KEY = {"Idempotency-Key": "m-1"}


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "CHUNK_ROWS", 10)


def row(number: int, **fields: object) -> bytes:
    return json.dumps({"url": f"https://a.example/{number}.wav?sign=secret", **fields}).encode() + b"\n"


def post(house: House, content: Iterable[bytes], query: str = "", **headers: str) -> httpx.Response:
    return house.client.post(f"/v1/batches{query}", content=content, headers={**JSON, **headers})


def accepted(response: httpx.Response) -> SubmittedManifest:
    assert response.status_code == 202, response.text
    return SubmittedManifest.model_validate(response.json())


def count(house: House, table: type[Job] | type[Recording] | type[Batch]) -> int:
    with house.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def batch(house: House, batch_id: str) -> Any:  # noqa: ANN401  # JSON
    return house.client.get(f"/v1/batches/{batch_id}").json()


def test_rows_become_jobs_and_bad_ones_stop_no_other(either_house: House) -> None:
    rows = [row(number, external_id=f"call-{number}", labels={"n": str(number)}) for number in range(25)]
    rows[3:3] = [b"\n", b"{broken\n", row(99, langage="en"), row(98, batch="0" * 32), b'"ftp://a.example/1.wav"\n']
    made = accepted(post(either_house, rows, "?name=monday&archive=calls&lane=bulk"))
    assert (made.name, made.rows, made.made, made.existing, made.refused) == ("monday", 29, 25, 0, 4)
    assert [problem.line for problem in made.problems] == [5, 6, 7, 8]
    assert {problem.error.code for problem in made.problems} == {"invalid_request"}
    shown = batch(either_house, made.id)
    assert (shown["jobs"], shown["counts"]["queued"]) == (25, 25)
    found = either_house.client.get(f"/v1/jobs?batch={made.id}&external_id=call-7").json()["items"]
    assert [(job["archive"], job["labels"], job["spec"]["lane"]) for job in found] == [("calls", {"n": "7"}, "bulk")]
    assert "secret" not in json.dumps(found)
    assert set(either_house.woken) == {Lane.BULK}


def test_the_same_manifest_again_finds_its_jobs_and_counts_them(either_house: House) -> None:
    rows = [*map(row, range(12)), row(3)]
    first, again = accepted(post(either_house, rows)), accepted(post(either_house, rows))
    assert (first.made, first.existing) == (12, 1)
    assert (again.made, again.existing) == (0, 13)
    assert first.id != again.id
    assert [batch(either_house, one.id)["jobs"] for one in (first, again)] == [12, 12]
    assert count(either_house, Job) == count(either_house, Recording) == 12


def test_with_its_key_it_is_done_once_and_answered_alike(either_house: House) -> None:
    rows = [*map(row, range(25)), b"{broken\n"]
    first, again = (post(either_house, rows, **KEY) for _ in range(2))
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (count(either_house, Job), count(either_house, Batch)) == (25, 1)


@pytest.mark.parametrize("other", [[*map(row, range(24))], [*map(row, range(26))], [row(9), *map(row, range(1, 25))]])
def test_a_key_is_for_one_manifest(house: House, other: list[bytes]) -> None:
    accepted(post(house, map(row, range(25)), **KEY))
    refused = post(house, other, **KEY)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_mismatch")
    assert count(house, Job) == 25


def test_a_manifest_that_broke_off_goes_on_where_it_was(either_house: House) -> None:
    rows = [*map(row, range(35))]
    rows[4] = b"{broken\n"
    break_off(either_house, rows[:25])
    assert count(either_house, Job) == 19
    whole = accepted(post(either_house, rows, **KEY))
    assert (whole.rows, whole.made, whole.existing, whole.refused) == (35, 34, 0, 1)
    assert (count(either_house, Job), count(either_house, Batch)) == (34, 1)
    assert batch(either_house, whole.id)["jobs"] == 34


def test_a_manifest_that_broke_off_refuses_other_lines_under_its_key(house: House) -> None:
    rows = [*map(row, range(35))]
    break_off(house, rows[:25])
    assert post(house, [row(77), *rows[1:]], **KEY).status_code == 422
    assert post(house, [b"\n", *rows], **KEY).status_code == 422
    assert accepted(post(house, rows, **KEY)).made == 35


def break_off(house: House, rows: list[bytes]) -> None:
    """Send these rows, and when all whole chunks of them are kept leave without the end."""

    def leaving() -> Iterator[bytes]:
        yield from rows
        wait_for(lambda: count(house, Job) >= len(rows) // 10 * 10 - 1)
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        post(house, leaving(), **KEY)


def test_two_at_once_with_one_key_make_one_batch(either_house: House) -> None:
    rows, answers = [*map(row, range(100))], []
    threads = [threading.Thread(target=lambda: answers.append(post(either_house, rows, **KEY))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert accepted(post(either_house, rows, **KEY)).made == 100
    assert (count(either_house, Job), count(either_house, Batch)) == (100, 1)


def test_csv_will_do_as_well(house: House) -> None:
    text = "url,external_id,language\nhttps://a.example/1.wav,x,en\nhttps://a.example/2.wav,,klingon\n"
    made = accepted(house.client.post("/v1/batches", content=text, headers={"content-type": "text/csv"}))
    assert (made.made, [problem.line for problem in made.problems]) == (1, [3])


def test_an_empty_manifest_is_an_empty_batch(house: House) -> None:
    made = accepted(post(house, []))
    assert (made.rows, batch(house, made.id)["jobs"]) == (0, 0)


def test_of_very_many_bad_rows_the_first_are_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_upload, "MAX_PROBLEMS", 7)
    made = accepted(post(house, [b"17\n"] * 25))
    assert (made.refused, [problem.line for problem in made.problems]) == (25, [*range(1, 8)])


@pytest.mark.parametrize("query", ["?colour=red", "?language=klingon", f"?batch={'0' * 32}", "?lane=fast"])
def test_shared_options_are_checked_before_any_row(closed_house: House, query: str) -> None:
    response = post(closed_house, [row(1)], query)
    assert response.status_code == 400


def test_a_manifest_that_is_too_long_is_refused(house: House) -> None:
    empty_lines = [b"\n" * 100_000] * (5 * MAX_UPLOAD_BYTES // 100_000)
    response = post(house, empty_lines)
    assert (response.status_code, response.json()["code"]) == (413, "upload_too_large")
    assert response.headers["connection"] == "close"
