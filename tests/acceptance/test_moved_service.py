"""A service that moves, and a stack that is started again elsewhere: what was answered is not sent again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from tests.fixtures.command_line import cut_sample, running_up
from tests.fixtures.recognizer_process import recognizer_process

Captured = pytest.CaptureFixture[str]


@contextmanager
def stack(home: Path, service: str, **also: str) -> Iterator[None]:
    """Everything on ports of its own, with one service that has this name."""
    with recognizer_process(model="scripted-2") as (url, _):
        told = {"url": url, "model": "scripted-2", **also}
        table = "".join(f'{name} = "{value}"\n' for name, value in told.items())
        home.mkdir(exist_ok=True)
        (home / "services.toml").write_text(f"[{service}]\n{table}pace = 0\nhosted = false\n")
        with running_up(home):
            yield


def campaign(capsys: Captured, name: str, service: str, *options: str) -> dict[str, Any]:
    """One over everything, when it has ended."""
    words = ["--archive", "calls", "--service", service, "--name", name, "--canary", "0", *options]
    assert main(["reprocess", "plan", *words]) == 0
    assert main(["reprocess", "start", name]) == 0
    capsys.readouterr()
    assert main(["reprocess", "watch", name, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["status"], found["counts"]["done"]) == ("finished", 2)
    return found


@pytest.mark.timeout(300)
def test_another_port_and_another_name_of_a_service_send_nothing_and_fresh_sends_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("LONGHAND_HOME", str(home))
    for number in range(2):
        cut_sample(tmp_path / "calls" / f"{number}.wav", 3 * number, 3 * number + 3)
    with stack(home, "newer"):
        assert main(["archive", "import", "calls", str(tmp_path / "calls")]) == 0
        first = campaign(capsys, "june", "newer")["actual"]
        assert first["sent_ms"] > 0
    with stack(home, "moved", same_as="newer"):
        assert main(["reprocess", "plan", "--archive", "calls", "--service", "moved"]) == 1
        assert "recognition key" in capsys.readouterr().err
        assert usage_of(str(tmp_path / "calls"), "copies", capsys) == (0, first["sent_ms"])
        fresh = campaign(capsys, "august", "moved", "--fresh")["actual"]
        assert (fresh["sent_ms"], fresh["reused_ms"]) == (first["sent_ms"], 0)


def usage_of(folder: str, archive: str, capsys: Captured) -> tuple[int, int]:
    """What was sent and reused for these recordings in another archive."""
    assert main(["submit", folder, "--archive", archive, "--service", "moved"]) == 0
    assert main(["watch", "--archive", archive]) == 0
    capsys.readouterr()
    assert main(["usage", "--archive", archive, "--json"]) == 0
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    return row["sent_ms"], row["reused_ms"]
