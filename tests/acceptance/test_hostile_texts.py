"""Strangers' texts on an operator's terminal: names of files, answers, errors and brought transcripts that hold orders
to it. The commands run on a real terminal, and none of the orders comes out at its other end.
"""

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.cli import main
from tests.fixtures.command_line import cut_sample, running_up
from tests.fixtures.http_recognizer import Asked, Reply, http_recognizer
from tests.fixtures.terminals import run_on_a_terminal

Captured = pytest.CaptureFixture[str]
ORDERS = "\x1b]0;PWNED\x07\x1b[2J\x9b31m\u202e"
TRACES = ("PWNED", "[2J", "31m")
SENT = ("\x1b", "\x07", "\x9b", "\u202e")  # with NO_COLOR on a terminal that can do nothing Rich sends none of its own


@dataclass(frozen=True)
class Stack:
    home: Path
    folder: Path


def answered(_number: int, asked: Asked) -> Reply:
    """Two seconds of audio have an answer, nine are refused, both in words that hold orders."""
    if len(asked.body) > 100_000:
        return Reply({"error": {"message": f"no {ORDERS}", "code": f"bad{ORDERS}"}}, status=400)
    return Reply({"text": f"good {ORDERS}morning", "language": f"en{ORDERS}"})


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder, home = tmp_path_factory.mktemp("calls"), tmp_path_factory.mktemp("stack") / "home"
    with (
        http_recognizer(answered) as upstream,
        running_up(home, "--engine", "openai", gateway_url=upstream.url, media_roots=f"calls={folder}"),
    ):
        yield Stack(home, folder)


@pytest.fixture(autouse=True)
def at_home(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LONGHAND_HOME", str(stack.home))
    monkeypatch.chdir(tmp_path)


def on_a_terminal(*arguments: str, **variables: str) -> str:
    """What a plain and wide terminal is sent, of both streams."""
    sent, _ = run_on_a_terminal(*arguments, variables={"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "400", **variables})
    return sent


def steered(sent: str) -> list[str]:
    """The orders that came through."""
    return [order for order in SENT if order in sent]


def version_of(recording: str, capsys: Captured) -> str:
    capsys.readouterr()
    assert main(["versions", "list", recording, "--json"]) == 0
    return str(json.loads(capsys.readouterr().out.splitlines()[0])["id"])


def test_names_of_a_mounted_folder_are_shown(stack: Stack, capsys: Captured) -> None:
    cut_sample(stack.folder / f"good{ORDERS}.wav", 0, 2)
    (stack.folder / f"bad{ORDERS}\nlonghand: well.wav").write_text("no sound")
    command = ["archive", "import", "folder", "mount://calls/", "--transcribe", "--wait"]
    sent = on_a_terminal(*command)
    assert steered(sent) == []
    assert "PWNED" in sent
    assert main(["archive", "imports", "folder", "--json"]) == 0
    import_id = json.loads(capsys.readouterr().out.splitlines()[0])["id"]
    problems = on_a_terminal("archive", "problems", import_id)
    assert steered(problems) == []
    assert "\\u001b]0;PWNED" in problems
    assert [line for line in problems.splitlines() if line.startswith("longhand: well")] == []
    assert steered(on_a_terminal("status")) == []


def test_what_the_service_answers_is_stored_and_shown_without_orders(tmp_path: Path, capsys: Captured) -> None:
    recording = cut_sample(tmp_path / f"talk{ORDERS}.wav", 2, 4)
    sent = on_a_terminal("transcribe", str(recording))
    assert steered(sent) == []
    assert "morning" in sent
    assert main(["transcribe", str(recording), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "\x1b" not in json.dumps(told["transcript"], ensure_ascii=False)
    assert "good ]0;PWNED[2J31m\u202emorning" in told["transcript"]["text"]


def test_an_error_of_the_service_is_shown(tmp_path: Path) -> None:
    sent = on_a_terminal("transcribe", str(cut_sample(tmp_path / "long.wav", 0, 9)))
    assert steered(sent) == []
    assert "PWNED" in sent


def test_a_brought_transcript_is_stored_without_orders(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["transcribe", str(cut_sample(tmp_path / "talk.wav", 4, 6)), "--json"]) == 0
    recording = json.loads(capsys.readouterr().out)["transcript"]["recording"]
    segment = {"start_ms": 0, "end_ms": 900, "text": f"brought {ORDERS}text"}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps({"segments": [segment]}).encode())))
    assert main(["versions", "add", recording, "-", "--format", "json", "--pin"]) == 0
    version = version_of(recording, capsys)
    for form in ("txt", "srt", "vtt", "tsv", "json"):
        sent = on_a_terminal("versions", "show", version, "-f", form)
        assert steered(sent) == [], form
        assert all(trace in sent for trace in TRACES), form
        assert main(["versions", "show", version, "-f", form]) == 0
        piped = capsys.readouterr().out  # to who reads on: the direction is the text's own and stays, orders are gone
        assert steered(piped) == ["\u202e"], form
    found = on_a_terminal("search", "brought")
    assert steered(found) == []
    assert "brought" in found


def test_names_on_the_command_line_are_shown(tmp_path: Path) -> None:
    sent = on_a_terminal("transcribe", str(tmp_path / f"away{ORDERS}.wav"))
    assert steered(sent) == []
    assert "PWNED" in sent
    assert steered(on_a_terminal("transcribe", f"--{ORDERS}")) == []


def test_above_bars_too_the_only_orders_are_those_of_the_bars(tmp_path: Path) -> None:
    recordings = [str(cut_sample(tmp_path / f"{name}{ORDERS}.wav", at, at + 2)) for name, at in (("a", 6), ("b", 8))]
    sent = on_a_terminal("transcribe", *recordings, TERM="xterm")
    assert "\x1b[" in sent
    assert "morning" in sent
    assert [order for order in ("\x1b]0", "\x1b[2J", *SENT[1:]) if order in sent] == []
