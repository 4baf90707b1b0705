"""How commands end where a server is away, or where its port is taken."""

import socket
from pathlib import Path

import pytest

from api.cli import main
from api.cli.stack.ports import free_port

Captured = pytest.CaptureFixture[str]


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize("words", [["status"], ["watch"], ["submit", "."], ["cancel", "--all"], ["export", "-o", "x"]])
def test_without_a_server_the_line_says_how_to_have_one(words: list[str], capsys: Captured) -> None:
    assert main(words) == 4
    assert lines(capsys.readouterr().err)[-1].endswith("start `longhand up`, or set LONGHAND_URL to one.")


def test_a_server_that_does_not_answer_is_unreachable(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("LONGHAND_URL", url)
    (tmp_path / "a.wav").write_bytes(b"x")
    assert main(["transcribe", str(tmp_path)]) == 4
    assert url in capsys.readouterr().err


def test_a_port_in_use_is_said_with_what_to_do(capsys: Captured) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["up", "--port", str(taken.getsockname()[1])]) == 1
    assert "--port 0" in capsys.readouterr().err
