"""Archives filled by commands against a running stack: real processes, with the scripted engine."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.cli import main
from tests.fixtures.command_line import UpStack, cut_sample, json_lines, running_up

Captured = pytest.CaptureFixture[str]


@dataclass(frozen=True)
class Mounted:
    stack: UpStack
    folder: Path


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mounted]:
    folder = tmp_path_factory.mktemp("calls")
    with running_up(tmp_path_factory.mktemp("stack") / "home", media_roots=f"calls={folder}") as up:
        yield Mounted(up, folder)


@pytest.fixture(autouse=True)
def at_home(mounted: Mounted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LONGHAND_HOME", str(mounted.stack.home))
    monkeypatch.chdir(tmp_path)


def cut(mounted: Mounted, name: str, start_s: float) -> Path:
    return cut_sample(mounted.folder / name, start_s, start_s + 2)


def test_a_mounted_folder_is_priced_imported_and_transcribed(mounted: Mounted, capsys: Captured) -> None:
    cut(mounted, "first/2024-05-01/ann_1.wav", 0)
    cut(mounted, "first/2024-05-02/bob_2.wav", 2)
    command = [
        "archive",
        "import",
        "first",
        "mount://calls/first",
        "--naming",
        "{recorded_at}/{agent}_{external_id}.wav",
    ]
    command += ["--transcribe", "--lane", "bulk"]
    assert main([*command, "--dry-run"]) == 0
    expected = capsys.readouterr()
    assert "2 recordings" in expected.out
    assert "0.00 USD" in expected.out
    assert main(["archive", "imports", "first"]) == 0
    assert capsys.readouterr().out == ""

    assert main([*command, "--wait", "--json"]) == 0
    (ended,) = json_lines(capsys.readouterr().out)
    assert (ended["status"], ended["added"], ended["refused"]) == ("succeeded", 2, 0)
    assert main(["watch", "--batch", str(ended["batch"])]) == 0
    assert main(["status", "--archive", "first", "--json"]) == 0
    jobs = json_lines(capsys.readouterr().out)
    assert {job["external_id"] for job in jobs} == {"1", "2"}
    assert {job["status"] for job in jobs} == {"succeeded"}


def test_rows_that_cannot_be_used_are_told_and_end_the_command_with_one(mounted: Mounted, capsys: Captured) -> None:
    cut(mounted, "second/a.wav", 4)
    rows = "url,external_id\nmount://calls/second/a.wav,a\nmount://calls/second/b.wav,b\n"
    Path("calls.csv").write_text(rows)
    assert main(["archive", "import", "second", "--manifest", "calls.csv", "--wait"]) == 1
    shown = capsys.readouterr()
    assert "1 added, 0 existing, 1 refused" in shown.out
    assert "3 mount://calls/second/b.wav: source_missing" in shown.err
    assert main(["archive", "problems", shown.out.split()[0], "--json"]) == 0
    (problem,) = json_lines(capsys.readouterr().out)
    assert (problem["line"], problem["name"]) == (3, "mount://calls/second/b.wav")

    Path("calls.csv").write_bytes("url,external_id\nmount://calls/é.wav,é\n".encode("latin-1"))
    assert main(["archive", "import", "second", "--manifest", "calls.csv"]) == 1
    assert "Line 2 of the manifest is not UTF-8" in capsys.readouterr().err


def test_files_of_this_machine_are_uploaded_once_and_not_transcribed(tmp_path: Path, capsys: Captured) -> None:
    cut_sample(tmp_path / "in" / "may" / "a.wav", 6, 8)
    cut_sample(tmp_path / "in" / "b.wav", 8, 10)
    (tmp_path / "in" / "b.json").write_text(json.dumps({"external_id": "b", "language": "en"}))
    (tmp_path / "in" / "broken.mp3").write_text("no sound at all")
    command = ["archive", "import", "third", "in", "--sidecars"]
    assert main([*command, "--dry-run"]) == 0
    assert "3 recordings" in capsys.readouterr().out
    assert main([*command, "--json"]) == 1
    first = {Path(str(line["file"])).name: line for line in json_lines(capsys.readouterr().out)}
    assert first["broken.mp3"]["error"]["code"] == "not_audio"  # type: ignore[index]  # JSON
    assert (first["a.wav"]["added"], first["b.wav"]["added"]) == (True, True)

    assert main([*command, "--json"]) == 1
    again = {Path(str(line["file"])).name: line for line in json_lines(capsys.readouterr().out)}
    assert again["b.wav"]["recording"] == first["b.wav"]["recording"]
    assert (again["a.wav"]["added"], again["b.wav"]["added"]) == (False, False)
    assert main(["status", "--archive", "third", "--json"]) == 0
    assert capsys.readouterr().out == ""
    assert main([*command, "--transcribe"]) == 2
    assert "longhand submit PATH --archive third" in capsys.readouterr().err


def test_a_source_is_named_once_and_then_kept_up_with(mounted: Mounted, capsys: Captured) -> None:
    old = cut(mounted, "fourth/a.wav", 10)
    os.utime(old, (time.time() - 300, time.time() - 300))
    assert main(["archive", "sync", "fourth"]) == 1
    assert "fourth" in capsys.readouterr().err
    assert main(["archive", "source", "fourth", "mount://calls/fourth"]) == 0
    assert "filled from mount://calls/fourth" in capsys.readouterr().out
    cut(mounted, "fourth/b.wav", 12)
    for expected in (("succeeded", 1, 0), ("succeeded", 0, 1)):
        assert main(["archive", "sync", "fourth", "--json"]) == 0
        (seen,) = json_lines(capsys.readouterr().out)
        assert (seen["status"], seen["added"], seen["existing"]) == expected
    assert main(["archive", "source", "fourth", "--none"]) == 0
    assert main(["archive", "source", "fourth"]) == 2


def test_an_import_that_has_ended_cannot_be_stopped(mounted: Mounted, capsys: Captured) -> None:
    cut(mounted, "fifth/a.wav", 14)
    assert main(["archive", "import", "fifth", "mount://calls/fifth", "--wait"]) == 0
    ended = capsys.readouterr().out.split()[0]
    assert main(["archive", "stop", ended]) == 1
    assert "succeeded cannot be cancelled" in capsys.readouterr().err
    assert main(["archive", "import", "fifth", "mount://radio/x"]) == 1
    assert "no folder named 'radio'" in capsys.readouterr().err
    assert main(["archive", "import", "fifth", "mount://calls/fifth", "--lane", "bulk"]) == 2
    assert "--lane is an option of the jobs" in capsys.readouterr().err
