"""Campaigns over HTTP: planned without a trace, kept, started, and driven by the verbs of their life."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.fixtures.campaigns import OLD, add_recording, model_now, run, settle, work
from tests.fixtures.doors import House
from worker.archive_rules import Rules, save_archive
from worker.shapes.campaigns import Campaign, CampaignRecordings, Campaigns
from worker.spec import Spec


def post(house: House, path: str = "", /, **asked: Any) -> httpx.Response:  # noqa: ANN401  # any field
    return house.client.post(f"/v1/campaigns{path}", json=asked)


def planned(house: House, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # any field
    response = post(house, **{"selection": {"archive": "calls"}, "canary": 0, **asked})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    Campaign.model_validate(made)
    assert response.headers["Location"] == f"/v1/campaigns/{made['id']}"
    return made


def refused(house: House, **asked: Any) -> tuple[int, str, str]:  # noqa: ANN401  # any field
    response = post(house, **asked)
    body = response.json()
    assert house.client.get("/v1/campaigns").json()["items"] == []
    return response.status_code, body["code"], body["detail"]


def test_a_dry_run_counts_and_writes_nothing(either_house: House) -> None:
    for _ in range(3):
        add_recording(either_house.database)
    response = post(either_house, selection={"archive": "calls"}, dry_run=True)
    plan = response.json()["plan"]
    assert (response.status_code, plan["recordings"], plan["audio_ms"], plan["to_send_ms"]) == (200, 3, 180_000, 90_000)
    assert (plan["ratio_from"], plan["cost_usd"], plan["skipped"]) == ("a sample of the transcripts", 0.0, {})
    assert either_house.client.get("/v1/campaigns").json() == {"items": [], "next": None}


def test_a_campaign_goes_from_its_plan_to_its_rollback(either_house: House) -> None:
    house = either_house
    for _ in range(3):
        add_recording(house.database)
    made = planned(house, name="june", limits={"parallel": 2})
    assert (made["status"], made["limits"]["parallel"]) == ("planned", 2)
    assert post(house, "/june/start").json()["status"] == "running"
    run(house.database, made["id"])
    found = house.client.get("/v1/campaigns/june").json()
    assert (found["status"], found["counts"]["done"], found["progress"]["ended"]) == ("finished", 3, 3)
    assert found["actual"] == {"audio_ms": 3000, "sent_ms": 3000, "reused_ms": 0, "cost_usd": 0.0}

    assert post(house, "/june/promote").json()["step"] == "promoting"
    settle(house.database)
    page = house.client.get(f"/v1/campaigns/{made['id']}/recordings?limit=2&state=done").json()
    CampaignRecordings.model_validate(page)
    assert ([one["promoted"] for one in page["items"]], page["next"] is None) == ([True, True], False)
    rest = house.client.get(f"/v1/campaigns/june/recordings?limit=2&cursor={page['next']}").json()
    assert (len(rest["items"]), rest["next"]) == (1, None)

    post(house, "/june/rollback")
    settle(house.database)
    assert house.client.get("/v1/campaigns/june").json()["status"] == "rolled_back"
    listed = house.client.get("/v1/campaigns").json()
    Campaigns.model_validate(listed)
    assert [one["name"] for one in listed["items"]] == ["june"]


def test_a_rule_promotes_those_that_pass_it_alone(either_house: House) -> None:
    house = either_house
    ids = [add_recording(house.database) for _ in range(3)]
    made = planned(house, name="june")
    post(house, "/june/start")
    settle(house.database)
    work(house.database, text="old words", at_most=1)
    run(house.database, made["id"], text="something else")
    assert post(house, "/june/promote", rule={"max_wer": 0.3}).json()["code"] == "invalid_request"
    assert post(house, "/june/promote", rule={"max_rate": 0.3}).json()["rules"]["promote"] == {"max_rate": 0.3}
    settle(house.database)

    found = house.client.get("/v1/campaigns/june").json()
    assert (found["status"], found["promoted"]) == ("promoted", 1)
    page = house.client.get("/v1/campaigns/june/recordings").json()["items"]
    assert sorted((one["rate"], one["promoted"]) for one in page) == [(0, True), (1, False), (1, False)]
    models = {one["id"]: model_now(house.database, one["id"]) for one in page}
    assert {one["id"] for one in page if one["promoted"]} == {one for one in ids if models[one] != "old"}


def test_its_jobs_are_found_by_it_and_name_it(house: House) -> None:
    add_recording(house.database)
    other = house.job()
    made = planned(house, selection={"archive": "calls"})
    post(house, f"/{made['id']}/start")
    settle(house.database)
    items = house.client.get(f"/v1/jobs?campaign={made['id']}").json()["items"]
    assert [one["campaign"] for one in items] == [made["id"]]
    assert house.client.get(f"/v1/jobs/{other}").json()["campaign"] is None


def test_the_same_key_twice_is_one_campaign(house: House) -> None:
    add_recording(house.database)
    asked = {"json": {"name": "once"}, "headers": {"Idempotency-Key": "k"}}
    first, second = (house.client.post("/v1/campaigns", **asked) for _ in range(2))  # type: ignore[arg-type]
    assert first.json() == second.json()
    assert len(house.client.get("/v1/campaigns").json()["items"]) == 1


@pytest.mark.parametrize(
    ("asked", "status", "code", "words"),
    [
        ({"selection": {"archive": "nowhere"}}, 404, "unknown_archive", "nowhere"),
        ({"selection": {"labels": {"team": "south"}}}, 400, "nothing_selected", "matches no recording"),
        ({"spec": {"model": "old"}}, 400, "nothing_new", "same_key"),
        ({"selection": {"limit": 1, "share": 0.5}}, 400, "invalid_request", "limit and share"),
        ({"selection": {"recorded_from": "yesterday"}}, 400, "invalid_request", "selection.recorded_from"),
        ({"selection": {"duration_from": 9, "duration_until": 3}}, 400, "invalid_request", "duration_from"),
        ({"spec": {"language": "xx"}}, 400, "unknown_language", "xx"),
        ({"spec": {"service": "nobody"}}, 400, "unknown_service", "nobody"),
        ({"spec": {"lane": "interactive"}}, 400, "invalid_request", "spec.lane"),
        ({"limits": {"usd": -1}}, 400, "invalid_request", "limits.usd"),
        ({"limits": {"usd": 1}, "spec": {"service": "intl", "model": "m"}}, 400, "price_unknown", "limits.usd"),
        ({"canary": -1}, 400, "invalid_request", "canary"),
        ({"thresholds": {}}, 400, "invalid_request", "thresholds must name one"),
        ({"colour": "red"}, 400, "invalid_request", "colour"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_leaves_nothing(
    house: House, asked: dict[str, Any], status: int, code: str, words: str
) -> None:
    add_recording(house.database)
    found = refused(house, **asked)
    assert found[:2] == (status, code)
    assert words in found[2]


def test_a_service_that_no_archive_allows_is_refused(house: House) -> None:
    add_recording(house.database)
    with house.database.writing() as session:
        save_archive(session, Rules(name="calls", services=("local",)))
        session.commit()
    spec = {"service": "intl"}
    assert refused(house, selection={"archive": "calls"}, spec=spec)[:2] == (400, "service_not_allowed")
    assert refused(house, spec=spec)[:2] == (400, "service_not_allowed")


def test_an_archive_gives_what_is_not_asked_for(house: House) -> None:
    add_recording(house.database)
    with house.database.writing() as session:
        save_archive(session, Rules(name="calls", language="en", channels="split", channel_labels={"0": "agent"}))
        session.commit()
    made = planned(house)
    spec = Spec.from_json(made["spec"])
    assert (spec.language, spec.channels, spec.lane, spec.channel_labels) == ("en", "split", "bulk", {"0": "agent"})
    asked = planned(house, spec={"channel_labels": {"0": "caller"}})["spec"]
    assert asked["channel_labels"] == {"0": "caller"}
    post(house, f"/{made['id']}/start")
    settle(house.database)
    (job,) = house.client.get(f"/v1/jobs?campaign={made['id']}").json()["items"]
    assert house.client.get(f"/v1/jobs/{job['id']}").json()["spec"]["channel_labels"] == {"0": "agent"}


def test_where_no_language_is_asked_for_each_recording_has_its_own(either_house: House) -> None:
    house, spoken = either_house, replace(OLD, language="en")
    add_recording(house.database, language="en", made=spoken)
    assert refused(house, spec={"model": "old"})[1] == "nothing_new"
    auto = planned(house, spec={"model": "old", "language": "auto"}, name="auto")
    assert (auto["own_language"], auto["plan"]["recordings"], auto["plan"]["to_send_ms"]) == (False, 1, 30_000)

    add_recording(house.database, language="en", made=OLD)
    made = planned(house, spec={"model": "old"}, name="own")
    assert (made["own_language"], made["spec"]["language"], made["plan"]["recordings"]) == (True, None, 1)
    post(house, "/own/start")
    run(house.database, made["id"])
    (job,) = house.client.get(f"/v1/jobs?campaign={made['id']}").json()["items"]
    assert house.client.get(f"/v1/jobs/{job['id']}").json()["spec"]["language"] == "en"
    post(house, "/own/promote")
    settle(house.database)
    assert post(house, spec={"model": "old"}).json()["code"] == "nothing_new"


def test_verbs_out_of_turn_name_the_state(house: House) -> None:
    add_recording(house.database)
    made = planned(house)
    for verb in ("pause", "resume", "promote", "rollback"):
        answer = post(house, f"/{made['id']}/{verb}")
        assert (answer.status_code, answer.json()["code"]) == (409, "illegal_move")
        assert "planned" in answer.json()["detail"]
    assert post(house, "/nobody/start").json()["code"] == "unknown_campaign"
    assert post(house, f"/{made['id']}/pause", why="so").json()["code"] == "invalid_request"
    assert house.client.get(f"/v1/campaigns/{made['id']}/recordings?state=odd").status_code == 400
