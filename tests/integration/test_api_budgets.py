"""Budgets over HTTP: set, shown, lifted, and what is refused."""

import pytest
from sqlalchemy import insert

from tests.fixtures.doors import House
from tests.fixtures.metric_samples import samples
from tests.fixtures.rows import add_campaign
from worker.models import Budget as Row
from worker.models import BudgetPeriod
from worker.shapes.spending import Budget


def put(house: House, period: str = "all", limits: dict[str, object] | None = None, **of: str) -> Budget:
    response = house.client.put(f"/v1/budgets/{period}", json=limits or {"limit_ms": 1000}, params=of)
    assert response.status_code == 200, response.text
    return Budget.model_validate(response.json())


def set_up(house: House, archive: str) -> None:
    assert house.client.put(f"/v1/archives/{archive}", json={}).status_code == 200


def spend(house: House, spent_ms: int) -> None:
    with house.database.writing() as session:
        budget_id = session.query(Row.id).scalar()
        session.execute(insert(BudgetPeriod).values(budget_id=budget_id, day=0, spent_ms=spent_ms))
        session.commit()


def test_a_budget_is_set_shown_changed_and_lifted(either_house: House) -> None:
    first = put(either_house, "day", {"limit_usd": 2.5, "limit_ms": 3_600_000})
    assert (first.scope, first.period, first.limit_usd, first.level) == ("deployment", "day", 2.5, "open")

    again = put(either_house, "day", {"limit_usd": 3})
    assert (again.limit_usd, again.limit_ms, again.created_at) == (3, None, first.created_at)
    (listed,) = either_house.client.get("/v1/budgets").json()["items"]
    assert Budget.model_validate(listed) == again

    assert either_house.client.delete("/v1/budgets/day").status_code == 204
    assert either_house.client.get("/v1/budgets").json()["items"] == []
    gone = either_house.client.delete("/v1/budgets/day")
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_budget")


def test_archives_and_campaigns_have_their_own(house: House) -> None:
    campaign = add_campaign(house.database, "newer")
    set_up(house, "radio")
    put(house, archive="radio")
    assert put(house, campaign="newer").campaign == put(house, campaign=campaign).campaign == campaign
    for of, name in (({"archive": "radio"}, "archive"), ({"campaign": "newer"}, "campaign")):
        (only,) = house.client.get("/v1/budgets", params=of).json()["items"]
        assert only["scope"] == name
    assert len(house.client.get("/v1/budgets").json()["items"]) == 2


def test_from_four_fifths_on_it_warns_and_the_metric_shows_it(house: House) -> None:
    set_up(house, "radio")
    put(house, archive="radio")
    spend(house, 800)
    shown = put(house, archive="radio")
    assert (shown.level, shown.used, shown.spent_ms) == ("warning", 0.8, 800)
    assert samples(house.database)["longhand_budget_used_ratio", "radio", "all", "archive"] == 0.8
    assert put(house, limits={"limit_ms": 1001}, archive="radio").level == "open"


@pytest.mark.parametrize(
    ("period", "limits", "named"),
    [
        ("day", {}, "money, audio or both"),
        ("day", {"limit_usd": -1}, "limit_usd"),
        ("day", {"limit_usd": "much"}, "limit_usd"),
        ("day", {"limit_ms": 1.5}, "limit_ms"),
        ("day", {"limit_hours": 1}, "limit_hours"),
        ("month", {"limit_ms": 1}, "period"),
    ],
)
def test_what_is_no_budget_is_refused_by_its_field(house: House, period: str, limits: object, named: str) -> None:
    response = house.client.put(f"/v1/budgets/{period}", json=limits)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert named in response.json()["detail"]


def test_money_for_a_model_without_a_price_is_refused_and_audio_is_not(house: House) -> None:
    campaign = add_campaign(house.database, spec={"service": "intl", "model": "newer"})
    response = house.client.put("/v1/budgets/all", json={"limit_usd": 1}, params={"campaign": campaign})
    assert (response.status_code, response.json()["code"]) == (400, "price_unknown")
    assert "'newer'" in response.json()["detail"]
    assert house.client.get("/v1/budgets").json()["items"] == []
    put(house, campaign=campaign)


def test_whose_budget_it_is_must_be_clear(house: House) -> None:
    both = house.client.put("/v1/budgets/all", json={"limit_ms": 1}, params={"archive": "a", "campaign": "b"})
    assert (both.status_code, both.json()["code"]) == (400, "invalid_request")
    nobody = house.client.put("/v1/budgets/all", json={"limit_ms": 1}, params={"campaign": "b"})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "unknown_campaign")


def test_a_budget_for_an_archive_that_is_not_there_is_refused(either_house: House) -> None:
    refused = either_house.client.put("/v1/budgets/all", json={"limit_ms": 1}, params={"archive": "no-such"})
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_archive")
    assert "'no-such'" in refused.json()["detail"]
    assert either_house.client.get("/v1/budgets").json()["items"] == []
    assert put(either_house, archive="default").archive == "default"

    either_house.job(data={"archive": "no-such"})  # an archive that nobody has set up, but that has a recording now
    assert put(either_house, archive="no-such").archive == "no-such"
    lifted = either_house.client.delete("/v1/budgets/all", params={"archive": "no-such"})
    assert lifted.status_code == 204
