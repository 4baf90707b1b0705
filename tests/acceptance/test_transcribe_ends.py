"""`longhand transcribe` as a process: brought to its end by a person, and with a stack of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from api.cli import main
from tests.fixtures.command_line import cut_sample, running_up
from tests.fixtures.recognizer import running_recognizer
from tests.fixtures.terminals import run_on_a_terminal
from tests.fixtures.waiting import wait_for

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LONGHAND_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_without_a_server_one_is_brought_up_for_the_while(home: Path, tmp_path: Path, capsys: Captured) -> None:
    before = set(psutil.Process().children(recursive=True))
    assert main(["transcribe", "--engine", "scripted", str(cut_sample(tmp_path / "talk.wav", 0, 2))]) == 0
    assert capsys.readouterr().out.strip()
    assert set(psutil.Process().children(recursive=True)) <= before  # what another test left may end meanwhile
    assert not (home / "server.json").exists()


def on_a_terminal(recording: Path, output: int | None = None) -> str:
    """What a terminal shows of `transcribe`; its stdout goes to ``output`` where that is given."""
    shown, status = run_on_a_terminal("transcribe", str(recording), variables={"TERM": "xterm"}, output=output)
    assert status == 0
    return shown


def test_on_a_terminal_the_bars_stay_there_and_the_transcript_goes_where_stdout_goes(
    home: Path, tmp_path: Path
) -> None:
    recording = cut_sample(tmp_path / "talk.wav", 0, 2)
    with running_up(home):
        with (tmp_path / "out.txt").open("wb") as output:
            bars = on_a_terminal(recording, output.fileno())
        both = on_a_terminal(recording)
    text = (tmp_path / "out.txt").read_text().strip()
    assert text
    assert text not in bars
    assert "talk.wav: 2.0 s of audio" in bars
    assert text in both


def test_a_stack_that_was_brought_up_dies_with_the_command_that_did(home: Path, tmp_path: Path) -> None:
    recording = str(cut_sample(tmp_path / "talk.wav", 0, 2))
    command = [sys.executable, "-m", "api.cli", "transcribe", "--engine", "scripted", recording]
    with subprocess.Popen(command, env={**os.environ}, stderr=subprocess.DEVNULL) as transcribing:
        wait_for((home / "server.json").exists, 90)
        everything = psutil.Process(transcribing.pid).children(recursive=True)
        transcribing.kill()
    assert not psutil.wait_procs(everything, timeout=20)[1]


def test_ctrl_c_cancels_what_was_submitted(home: Path, tmp_path: Path, capsys: Captured) -> None:
    recording = str(cut_sample(tmp_path / "talk.wav", 0, 2))
    with running_recognizer(fault="drop") as service, running_up(home, local_url=service.url, model="scripted"):
        command = [sys.executable, "-m", "api.cli", "transcribe", recording]
        with subprocess.Popen(command, env={**os.environ}, stderr=subprocess.PIPE, text=True) as transcribing:
            wait_for(lambda: main(["status"]) == 0 and "talk.wav" in capsys.readouterr().out)
            transcribing.send_signal(signal.SIGINT)
            _, errors = transcribing.communicate(timeout=60)
        assert transcribing.returncode == 130
        assert "Stopped" in errors
        main(["status"])
        assert "cancelled" in capsys.readouterr().out
