import pytest

from api.cli.configure import configured
from api.cli.stack.plan import Plan, embeds_service, plan_stack
from worker.settings import SECRETS


def plan(*, workers: int = 1, host: str = "127.0.0.1") -> Plan:
    return plan_stack(configured(), host=host, port=8080, workers=workers, engine="scripted", model="scripted-1")


def names(made: Plan) -> list[str]:
    return [part.name for part in made.parts]


def test_with_nothing_configured_everything_is_embedded() -> None:
    made = plan()
    assert names(made) == ["redis", "recognizer", "dispatcher", "worker-1", "api"]
    assert made.environment["LONGHAND_REDIS_URL"].startswith("unix://")
    assert made.environment["LONGHAND_LOCAL_URL"].startswith("ws://127.0.0.1:")


def test_workers_are_as_many_as_asked_for() -> None:
    assert names(plan(workers=3))[3:6] == ["worker-1", "worker-2", "worker-3"]


def test_what_is_configured_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGHAND_REDIS_URL", "redis://example.org:6379/0")
    monkeypatch.setenv("LONGHAND_SERVICE", "intl")
    made = plan()
    assert names(made) == ["dispatcher", "worker-1", "api"]
    assert made.environment["LONGHAND_REDIS_URL"] == "redis://example.org:6379/0"
    assert "LONGHAND_MODEL" not in made.environment


@pytest.mark.parametrize(
    "variable", ["LONGHAND_SERVICE_URL=ws://localhost:1/x", "LONGHAND_SERVICE=cn", "LONGHAND_LOCAL_URL=ws://h/x"]
)
def test_the_local_service_is_run_only_where_no_other_was_named(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert embeds_service(configured())
    monkeypatch.setenv(*variable.split("=", 1))
    assert not embeds_service(configured())


def test_answers_of_one_engine_are_not_taken_for_another_s(monkeypatch: pytest.MonkeyPatch) -> None:
    assert plan().environment["LONGHAND_MODEL"] == "scripted-1"
    monkeypatch.setenv("LONGHAND_MODEL", "my-own")
    assert plan().environment["LONGHAND_MODEL"] == "my-own"


def test_each_command_line_names_its_process() -> None:
    shown = {part.name: " ".join(part.command) for part in plan().parts}
    for name in ("recognizer", "dispatcher", "api"):
        assert f" {name}" in shown[name]
    assert shown["worker-1"].endswith(" worker")
    assert "redis-server" in shown["redis"]


def test_the_url_shown_can_be_opened_where_all_addresses_are_listened_on() -> None:
    assert plan(host="0.0.0.0").url == "http://127.0.0.1:8080"


def secrets_of(made: Plan) -> dict[str, set[str]]:
    names = {name for variables in SECRETS.values() for name in variables}
    return {part.name: names & part.environment.keys() for part in made.parts}


def test_each_part_gets_the_secrets_that_it_has_a_use_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (name for variables in SECRETS.values() for name in variables):
        monkeypatch.setenv(name, "k")
    amazon, service = set(SECRETS["amazon"]), set(SECRETS["service_key"])
    assert secrets_of(plan()) == {
        "redis": set(),
        "recognizer": {"LONGHAND_RECOGNIZER_KEY", "LONGHAND_GATEWAY_KEY"},
        "dispatcher": amazon,
        "worker-1": amazon | service | {"LONGHAND_RECOGNIZER_KEY"},
        "api": amazon,
    }


def test_the_local_service_has_a_key_that_its_workers_know_and_no_start_has_again() -> None:
    key, others = recognizer_keys(plan()), recognizer_keys(plan())
    assert key["recognizer"] == key["worker-1"] != others["recognizer"]
    assert len(key["recognizer"]) == 43
    assert not any(key["recognizer"] in word for part in plan().parts for word in part.command)


def test_a_key_of_the_local_service_that_somebody_has_chosen_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGHAND_RECOGNIZER_KEY", "mine,another")
    assert set(recognizer_keys(plan()).values()) == {"mine,another"}


def recognizer_keys(made: Plan) -> dict[str, str]:
    found = {part.name: part.environment.get("LONGHAND_RECOGNIZER_KEY", "") for part in made.parts}
    return {name: key for name, key in found.items() if key}
