"""`longhand cancel` and `longhand retry` against a real door."""

import json

import pytest

from api.cli import main
from tests.fixtures.doors import House, sound
from tests.fixtures.rows import claim
from worker.errors import DamagedAudio
from worker.queue import jobs

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def at_the_door(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands talk to the house."""
    monkeypatch.setenv("LONGHAND_URL", str(house.client.base_url))


def failed(house: House, number: int, **options: str) -> str:
    job_id = house.job(content=sound(number), data=options)
    jobs.fail(house.database, claim(house.database), DamagedAudio(), "decode")
    return job_id


def states(house: House) -> dict[str, str]:
    return {job["id"]: job["status"] for job in house.client.get("/v1/jobs").json()["items"]}


@pytest.fixture
def five(house: House) -> dict[str, str]:
    """Two that have failed, one cancelled, one running, one queued."""
    ids = {"failed": failed(house, 1), "failed too": failed(house, 2), "cancelled": house.job(content=sound(3))}
    house.client.post(f"/v1/jobs/{ids['cancelled']}/cancel")
    ids["running"] = house.job(content=sound(4))
    claim(house.database)
    ids["queued"] = house.job(content=sound(5))
    assert set(states(house).values()) == {"failed", "cancelled", "running", "queued"}
    return ids


def test_cancel_all_counts_and_cancels_what_is_queued_or_running(
    house: House, five: dict[str, str], capsys: Captured
) -> None:
    before = states(house)
    assert main(["cancel", "--all", "--dry-run"]) == 0
    assert capsys.readouterr().out == "Would cancel 2 jobs. Nothing was changed.\n"
    assert states(house) == before

    assert main(["cancel", "--all"]) == 0
    assert capsys.readouterr().out == "2 jobs cancelled.\n"
    assert states(house) == before | {five["running"]: "cancelled", five["queued"]: "cancelled"}


def test_retry_all_counts_and_queues_what_has_failed_and_nothing_cancelled(
    house: House, five: dict[str, str], capsys: Captured
) -> None:
    before = states(house)
    assert main(["retry", "--all", "--dry-run"]) == 0
    assert capsys.readouterr().out == "Would retry 2 jobs. Nothing was changed.\n"
    assert states(house) == before

    assert main(["retry", "--all", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"changed": 2}
    assert states(house) == before | {five["failed"]: "queued", five["failed too"]: "queued"}


def test_a_filter_beside_all_stays_a_filter(house: House, capsys: Captured) -> None:
    there, elsewhere = failed(house, 1, archive="a"), failed(house, 2, archive="b")
    assert main(["retry", "--all", "--archive", "a"]) == 0
    assert states(house) == {there: "queued", elsewhere: "failed"}


def test_retry_by_filter_counts_first_and_then_does_it(house: House, capsys: Captured) -> None:
    broken, other = failed(house, 1, archive="radio"), failed(house, 2, archive="calls")
    asked = ["--status", "failed", "--code", "damaged_audio", "--archive", "radio"]
    assert main(["retry", *asked, "--dry-run"]) == 0
    assert "Would retry 1 jobs" in capsys.readouterr().out
    assert states(house) == {broken: "failed", other: "failed"}
    assert main(["retry", *asked]) == 0
    assert capsys.readouterr().out == "1 jobs queued again.\n"
    assert states(house) == {broken: "queued", other: "failed"}


@pytest.mark.parametrize(("verb", "count"), [("cancel", 2), ("retry", 3)])
def test_a_dry_run_s_count_is_json_for_a_machine(
    house: House, five: dict[str, str], capsys: Captured, verb: str, count: int
) -> None:
    assert main([verb, *five.values(), "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"would_change": count}


def test_a_dry_run_counts_the_others_where_an_id_is_nobody_s(
    house: House, five: dict[str, str], capsys: Captured
) -> None:
    assert main(["cancel", "nobody", five["queued"], "--dry-run", "--json"]) == 1
    unknown, counted = map(json.loads, capsys.readouterr().out.splitlines())
    assert (unknown["id"], unknown["error"]["code"]) == ("nobody", "unknown_job")
    assert counted == {"would_change": 1}


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_an_id_that_cannot_be_changed_is_a_line_of_json_too_and_stops_no_other(
    house: House, five: dict[str, str], capsys: Captured, verb: str
) -> None:
    good, bad = {"cancel": ("queued", "failed"), "retry": ("failed", "queued")}[verb]
    assert main([verb, five[bad], "nobody", five[good], "--json"]) == 1
    captured = capsys.readouterr()
    illegal, unknown, changed = map(json.loads, captured.out.splitlines())
    assert (illegal["id"], illegal["error"]["code"]) == (five[bad], "illegal_move")
    assert (unknown["id"], unknown["error"]["code"]) == ("nobody", "unknown_job")
    assert "nobody" in unknown["error"]["message"]
    assert (changed["id"], changed["status"]) == (five[good], {"cancel": "cancelled", "retry": "queued"}[verb])
    assert captured.err == ""
