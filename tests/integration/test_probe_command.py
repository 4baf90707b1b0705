"""`longhand probe`, against services with planted habits."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.cli import main
from api.cli.configure import configured
from api.cli.probing import learn
from api.cli.stack.ports import free_port
from tests.fixtures.planted import FAST, FASTEST, PLAN, SLOW, Habits, PlantedService, planted
from worker.services.lookup import Services

Captured = pytest.CaptureFixture[str]
QUICK = replace(PLAN, pace_s=2.0, paces=(SLOW, FAST), idle_s=0.1, sessions=3)


@pytest.fixture
def services_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "services.toml"
    monkeypatch.setenv("LONGHAND_SERVICES_FILE", str(path))
    return path


@pytest.fixture
def service(services_file: Path) -> Iterator[PlantedService]:
    with planted(Habits(sessions=2, usage={"seconds": 1})) as running:
        services_file.write_text(f'[mine]  # at home\nurl = "{running.url}"\nkey = "sk-secret"\npermits = 9\n')
        yield running


def probe_mine(*, hours: float = 1000, as_json: bool = False) -> None:
    settings = configured()
    learn(settings, Services(settings).find("mine"), QUICK, hours=hours, as_json=as_json)


def test_what_was_found_is_a_table_and_what_follows_is_said(service: PlantedService, capsys: Captured) -> None:
    probe_mine(hours=10)
    out = capsys.readouterr().out
    assert "planted-1" in out
    assert "{seconds: int}" in out
    rows = [line.split("  ")[0] for line in out.splitlines()]
    assert f"{SLOW:g} times real time" in rows
    assert "3 sessions at once" in rows
    assert f"Recommended: pace = {FAST:g}, depth = 2, sessions = 2" in rows
    assert "at a price that is not known here" in out
    assert "sk-secret" not in out


def test_the_service_s_entry_is_changed_and_the_rest_of_it_kept(service: PlantedService, services_file: Path) -> None:
    before = services_file.read_text()
    probe_mine()
    assert services_file.read_text().startswith(before)
    mine = Services(configured()).find("mine")
    assert (mine.pace, mine.depth, mine.sessions, mine.permits) == (FAST, 2, 2, 9)


def test_a_machine_gets_a_line_for_each_finding_and_one_for_what_follows(
    service: PlantedService, capsys: Captured
) -> None:
    probe_mine(as_json=True)
    *found, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"question": "sessions", "holds": False, "asked": 3, "found": 2}.items() <= found[-1].items()
    assert last["recommended"] == {"pace": FAST, "depth": 2, "sessions": 2}
    assert last["sent_s"] == service.audio_s
    assert last["archive"]["archive_hours"] == 1000


def test_settings_that_stand_over_the_file_are_told(
    service: PlantedService, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGHAND_PACE", str(FASTEST))
    probe_mine()
    assert "stand over what was written" in capsys.readouterr().err


def test_a_built_in_service_gets_a_table_in_the_home_s_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGHAND_HOME", str(tmp_path))
    with planted(Habits()) as running:
        monkeypatch.setenv("LONGHAND_LOCAL_URL", running.url)
        learn(configured(), Services(configured()).find("local"), QUICK, hours=1, as_json=True)
    assert (tmp_path / "services.toml").read_text() == f"[local]\npace = {FAST}\ndepth = 2\nsessions = 3\n"


def test_without_an_answer_and_without_yes_nothing_is_sent(service: PlantedService, capsys: Captured) -> None:
    assert main(["probe", "mine"]) == 2
    line = capsys.readouterr().err
    assert "unknown price" in line
    assert "--yes" in line
    assert service.most_open == 0


def test_the_question_says_the_price(capsys: Captured) -> None:
    assert main(["probe", "intl"]) == 2
    assert "at most 0.0108 USD" in capsys.readouterr().err


def test_who_says_no_has_sent_nothing(
    service: PlantedService, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyboard, terminal = os.openpty()
    os.write(keyboard, b"n\n")
    with os.fdopen(terminal) as stdin, os.fdopen(keyboard):
        monkeypatch.setattr(sys, "stdin", stdin)
        assert main(["probe", "mine"]) == 1
    assert capsys.readouterr().err.endswith("longhand: Nothing was sent.\n")
    assert service.most_open == 0


def test_a_refused_key_ends_with_its_hint(services_file: Path, capsys: Captured) -> None:
    with planted(Habits(handshake=401)) as running:
        services_file.write_text(f'[mine]\nurl = "{running.url}?token=hidden"\n')
        assert main(["probe", "mine", "--yes"]) == 3
    err = capsys.readouterr().err
    assert "LONGHAND_SERVICE_KEY" in err
    assert "hidden" not in err
    assert "pace" not in services_file.read_text()


def test_the_local_service_s_key_has_a_setting_of_its_own(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    with planted(Habits(handshake=401)) as running:
        monkeypatch.setenv("LONGHAND_LOCAL_URL", running.url)
        assert main(["probe", "local", "--yes"]) == 3
    assert "LONGHAND_RECOGNIZER_KEY" in capsys.readouterr().err


def test_a_service_that_is_not_there_is_unreachable(
    services_file: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = f"ws://127.0.0.1:{free_port()}/"
    services_file.write_text(f'[mine]\nurl = "{gone}"\n')
    assert main(["probe", "mine", "--yes"]) == 4
    assert "cannot be reached" in capsys.readouterr().err
    monkeypatch.setenv("LONGHAND_LOCAL_URL", gone)
    assert main(["probe", "local", "--yes"]) == 4
    assert "LONGHAND_LOCAL_URL" in capsys.readouterr().err


def test_a_service_that_nobody_knows_is_usage(capsys: Captured) -> None:
    assert main(["probe", "nowhere", "--yes"]) == 2
    assert "known are cn, intl, local" in capsys.readouterr().err


def test_the_key_of_the_environment_is_for_the_hosted_service_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from api.cli.probe import _for  # noqa: PLC0415  # what it decides shows nowhere without the hosted service

    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-env")
    assert Services(_for("intl")).find("intl").key is not None
    monkeypatch.setenv("LONGHAND_SERVICE", "cn")
    assert Services(_for("intl")).find("intl").key is None
