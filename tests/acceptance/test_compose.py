"""docker-compose.yml: its form, and its own commands and environment run as processes. No Docker is needed."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from api.cli import main
from api.cli.commands import app
from api.cli.stack.ports import answers, free_port
from tests.fixtures.command_line import cut_sample
from tests.fixtures.paths import ROOT
from tests.fixtures.postgres_cluster import PostgresCluster
from tests.fixtures.redis import redis_binary
from tests.fixtures.waiting import wait_for
from worker.settings import Settings

OURS = {"migrate", "recognizer", "api", "dispatcher", "worker"}
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
SECRET_NAMES = ("KEY", "PASSWORD", "SECRET", "TOKEN")
NO_SECRETS = {"", "only-inside"}  # defaults that guard nothing

Service = dict[str, Any]


@pytest.fixture(scope="module")
def services() -> dict[str, Service]:
    loaded: dict[str, Service] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return loaded


def environment(service: Service) -> dict[str, str]:
    """As a container gets it where the person who starts it has set nothing."""
    return {
        name: VARIABLE.sub(lambda found: found[2] or "", str(value))
        for name, value in service.get("environment", {}).items()
    }


def test_there_is_a_service_for_each_part(services: dict[str, Service]) -> None:
    assert set(services) == OURS | {"redis", "postgres"}


def test_each_has_an_image_or_a_stage_of_the_dockerfile(services: dict[str, Service]) -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    for service in services.values():
        assert "image" in service or service["build"]["target"] in stages


def test_our_commands_exist_with_their_options(services: dict[str, Service]) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group
    for name in OURS:
        program, command, *options = services[name]["command"]
        assert (program, command) == ("longhand", name)
        known = {text for option in commands[command].params for text in option.opts}
        assert {word for word in options if word.startswith("--")} <= known


def test_every_variable_is_a_setting(services: dict[str, Service]) -> None:
    known = {f"LONGHAND_{name.upper()}" for name in Settings.model_fields}
    for name in OURS:
        assert environment(services[name]).keys() <= known


def test_what_a_service_depends_on_exists_and_says_when_it_is_ready(services: dict[str, Service]) -> None:
    for service in services.values():
        for name, needed in service.get("depends_on", {}).items():
            assert needed["condition"] != "service_healthy" or "healthcheck" in services[name]
    assert all("healthcheck" in services[name] for name in services.keys() - {"migrate", "worker"})


def test_a_health_check_asks_the_port_that_its_command_listens_on(services: dict[str, Service]) -> None:
    for name in ("api", "dispatcher", "recognizer"):
        command = services[name]["command"]
        assert command[command.index("--port") + 1] in services[name]["healthcheck"]["test"][-1]


def test_no_secret_stands_in_the_file(services: dict[str, Service]) -> None:
    for service in services.values():
        for name, value in environment(service).items():
            assert not name.endswith(SECRET_NAMES) or value in NO_SECRETS
        assert not re.search(r"//\w+:[^@/]+@", str(service))


def test_only_the_parts_that_need_a_service_s_key_have_it(services: dict[str, Service]) -> None:
    secret = ("LONGHAND_SERVICE_KEY", "LONGHAND_RECOGNIZER_KEY")
    have = {name: [one for one in secret if one in environment(service)] for name, service in services.items()}
    assert {name: found for name, found in have.items() if found} == {
        "recognizer": ["LONGHAND_RECOGNIZER_KEY"],
        "worker": list(secret),
    }


def test_the_door_is_open_to_this_machine_only(services: dict[str, Service]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8080:8080"]


class Composed:
    """The services' own commands as processes, with the containers' names and ports put on loopback."""

    def __init__(self, services: dict[str, Service], folder: Path, database_url: str) -> None:
        self.ports = {"8765": free_port(), "8080": free_port(), "8081": free_port()}
        self.redis_port = free_port()
        self._services = services
        self._folder = folder
        self._programs = {
            "longhand": [sys.executable, "-m", "api.cli"],
            "redis-server": [redis_binary(), "--port", str(self.redis_port), "--bind", "127.0.0.1"],
        }
        self._places = {
            "/data": str(folder),
            "redis://redis:6379/0": f"redis://127.0.0.1:{self.redis_port}/0",
            "postgresql+psycopg://longhand@postgres:5432/longhand": database_url,
            "ws://recognizer:8765": f"ws://127.0.0.1:{self.ports['8765']}",
        }

    @contextmanager
    def running(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        program, *words = (str(self.ports.get(word, self._placed(word))) for word in self._services[name]["command"])
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*self._programs[program], *words],
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self._environment(name)},
                cwd=self._folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(90)

    def _environment(self, name: str) -> dict[str, str]:
        return {variable: self._placed(value) for variable, value in environment(self._services[name]).items()}

    def _placed(self, value: str) -> str:
        for place, here in self._places.items():
            if value.startswith(place):
                return here + value.removeprefix(place)
        return value


def test_its_services_as_processes_transcribe_a_sample(
    services: dict[str, Service],
    tmp_path: Path,
    cluster: PostgresCluster | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = cluster.url if cluster else f"sqlite:///{tmp_path / 'composed.db'}"  # where no PostgreSQL is installed
    composed = Composed(services, tmp_path, url)
    with ExitStack() as running:
        running.enter_context(composed.running("redis"))
        recognizer = running.enter_context(composed.running("recognizer"))
        with composed.running("migrate") as migrate:
            assert migrate.wait(60) == 0
        for name in ("api", "dispatcher", "worker"):
            running.enter_context(composed.running(name))
        wait_for(lambda: recognizer.poll() is not None or answers(composed.ports["8765"]), 60)
        wait_for(lambda: answers(composed.ports["8080"]), 60)
        wait_for(lambda: answers(composed.ports["8081"]), 60)
        monkeypatch.setenv("LONGHAND_API_KEY", (tmp_path / "key").read_text().strip())
        monkeypatch.setenv("LONGHAND_URL", f"http://127.0.0.1:{composed.ports['8080']}")
        assert main(["transcribe", str(cut_sample(tmp_path / "river.wav", 0, 8))]) == 0
    assert "river" in capsys.readouterr().out
