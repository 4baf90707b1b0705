"""GET /v1/usage: its shape, its months, and what is none."""

from datetime import UTC, datetime

from tests.fixtures.doors import House
from tests.fixtures.finished_jobs import finished
from worker.shapes.spending import Usage


def test_this_month_s_usage_has_the_published_shape(either_house: House) -> None:
    finished(either_house.database)
    (item,) = either_house.client.get("/v1/usage").json()["items"]

    used = Usage.model_validate(item)
    assert (used.month, used.archive, used.sent_ms, used.reused_ms) == (
        f"{datetime.now(UTC):%Y-%m}",
        "tests",
        5000,
        2000,
    )


def test_another_month_has_nothing(house: House) -> None:
    finished(house.database)
    assert house.client.get("/v1/usage", params={"until": "2020-01"}).json() == {"items": [], "next": None}


def test_what_is_no_month_is_refused(house: House) -> None:
    response = house.client.get("/v1/usage", params={"since": "May"})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
