"""The Idempotency-Key on every POST."""

from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.doors import House, opened, settings_for, sound
from worker.queue.idempotency import begin

KEY = {"Idempotency-Key": "k-1"}


def test_a_request_sent_twice_is_answered_alike_and_done_once(either_house: House) -> None:
    first = either_house.upload(headers=KEY)
    again = either_house.upload(headers=KEY)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert len(either_house.woken) == 1


def test_the_order_of_the_fields_does_not_make_it_another_request(house: House) -> None:
    house.upload(headers=KEY, data={"archive": "a", "language": "en"})
    assert house.upload(headers=KEY, data={"language": "en", "archive": "a"}).status_code == 202


@pytest.mark.parametrize("changed", [{"data": {"archive": "b"}}, {"content": sound(1)}])
def test_a_key_used_for_something_else_is_refused(house: House, changed: dict[str, Any]) -> None:
    house.upload(headers=KEY)
    response = house.upload(headers=KEY, **changed)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_mismatch")


def test_a_key_belongs_to_its_route(house: House) -> None:
    job_id = house.job()
    assert house.client.post(f"/v1/jobs/{job_id}/cancel", headers=KEY).status_code == 200
    assert house.client.post(f"/v1/jobs/{job_id}/retry", headers=KEY).status_code == 422


def test_a_cancel_sent_twice_with_its_key_is_no_illegal_move(either_house: House) -> None:
    job_id = either_house.job()
    for _ in range(2):
        response = either_house.client.post(f"/v1/jobs/{job_id}/cancel", headers=KEY)
        assert (response.status_code, response.json()["status"]) == (200, "cancelled")


def test_a_batch_sent_twice_with_its_key_is_one_batch(house: House) -> None:
    first, again = (house.client.post("/v1/batches", json={"name": "a"}, headers=KEY).json() for _ in range(2))
    assert first == again


def test_a_refused_request_does_not_use_up_its_key(house: House) -> None:
    assert house.upload(headers=KEY, data={"batch": "0" * 32}).status_code == 404
    assert house.upload(headers=KEY).status_code == 202


def test_while_the_first_is_under_way_the_second_is_told_to_come_again(postgresql_url: str, tmp_path: Path) -> None:
    with opened(settings_for(postgresql_url, tmp_path)) as house:
        with house.database.writing() as session:
            begin(session, "k-1", "another transaction works under this key")
            response = house.upload(headers=KEY)
        assert (response.status_code, response.json()["code"]) == (409, "idempotency_in_flight")
        assert response.json()["retryable"]
        assert response.headers["retry-after"]
        assert house.upload(headers=KEY).status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_that_is_none_is_refused(house: House, key: str) -> None:
    assert house.upload(headers={"Idempotency-Key": key}).json()["code"] == "invalid_request"
