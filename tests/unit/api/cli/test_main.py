"""How commands end, without a server."""

import json
from pathlib import Path

import numpy as np
import pytest

from api.cli import main
from tests.fixtures.sounds import silence, talk, write_wav
from worker.version import VERSION

Captured = pytest.CaptureFixture[str]


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def test_the_version_is_printed(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{VERSION}\n"


def test_an_unknown_command_is_usage_and_one_line(capsys: Captured) -> None:
    assert main(["transcripe"]) == 2
    assert len(lines(capsys.readouterr().err)) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["transcribe"],
        ["transcribe", "--format", "docx", "a.wav"],
        ["cancel"],
        ["retry"],
        ["retry", "--batch", "b", "--language", "de"],
        ["export"],
        ["up", "--port", "70000"],
    ],
)
def test_a_wrong_command_line_is_usage_and_one_line(words: list[str], capsys: Captured) -> None:
    assert main(words) == 2
    assert len(lines(capsys.readouterr().err)) == 1


@pytest.mark.parametrize("process", ["api", "worker", "dispatcher"])
def test_a_process_that_wakes_or_is_woken_does_not_start_without_a_redis(process: str, capsys: Captured) -> None:
    assert main([process]) == 2
    (line,) = lines(capsys.readouterr().err)
    assert "LONGHAND_REDIS_URL is not set" in line


def test_a_url_without_a_scheme_is_usage(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGHAND_URL", "example.org")
    assert main(["status"]) == 2
    assert "LONGHAND_URL" in capsys.readouterr().err


def test_the_api_s_key_is_not_sent_in_plain_text_to_another_host(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGHAND_URL", "http://longhand.example:8080")
    monkeypatch.setenv("LONGHAND_API_KEY", "lh_secret")
    assert main(["status"]) == 2
    (line,) = lines(capsys.readouterr().err)
    assert "LONGHAND_API_KEY would be sent without TLS" in line
    assert "lh_secret" not in line


def test_a_worker_does_not_start_where_it_would_send_a_key_in_plain_text(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGHAND_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("LONGHAND_SERVICE_URL", "ws://gpu.example/")
    monkeypatch.setenv("LONGHAND_SERVICE_KEY", "sk-secret")
    assert main(["worker"]) == 2
    (line,) = lines(capsys.readouterr().err)
    assert "gpu.example without TLS" in line
    assert "sk-secret" not in line


def test_a_missing_file_alone_fails_without_a_server(capsys: Captured, tmp_path: Path) -> None:
    assert main(["transcribe", str(tmp_path / "gone.wav")]) == 1
    assert "there is no such file" in capsys.readouterr().err


def test_a_missing_file_is_a_line_of_json_for_a_machine(capsys: Captured, tmp_path: Path) -> None:
    assert main(["transcribe", "--json", str(tmp_path / "gone.wav")]) == 1
    (line,) = lines(capsys.readouterr().out)
    assert json.loads(line)["error"]["code"] == "source_missing"


def test_subtitles_of_several_recordings_need_a_folder(capsys: Captured, tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"x")
    assert main(["transcribe", "-f", "srt", str(tmp_path)]) == 2
    assert "-o" in capsys.readouterr().err


def test_a_transcript_never_overwrites_a_recording(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")
    assert main(["transcribe", "-o", str(tmp_path), str(tmp_path / "a.txt")]) == 2
    assert (tmp_path / "a.txt").read_bytes() == b"x"


def test_a_dry_run_says_what_would_be_sent_and_needs_no_server(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x" * 1234)
    assert main(["submit", "--dry-run", str(tmp_path), "https://user:pw@example.org/b.mp3?sig=secret"]) == 0
    output = capsys.readouterr().out
    assert "1 files of 1,234 bytes and 1 URLs" in output
    assert "https://example.org/b.mp3" in output
    assert "2 whose length is not known" in output
    assert "secret" not in output
    assert "pw" not in output


def test_a_dry_run_without_a_server_counts_hours_and_money_by_a_sample(capsys: Captured, tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.concatenate([talk((9000, 0), dbfs=-16), silence(9000)]))
    assert main(["submit", "--dry-run", "--json", "--service", "intl", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    made = json.loads(captured.out)
    assert "No server was asked" in captured.err
    assert (made["recordings"], made["audio_ms"], made["unknown"]) == (1, 18_000, 0)
    assert made["ratio_from"] == "a sample of the files"
    assert 0.4 < made["send_ratio"] < 0.7
    assert made["cost_usd"] == pytest.approx(made["to_send_ms"] / 1000 * 0.00009)


def test_help_teaches_with_examples(capsys: Captured) -> None:
    assert main(["transcribe", "--help"]) == 0
    assert "longhand transcribe talk.mp3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("url", "code"), [("nonsense", 2), ("nowhere+nodriver://x/y", 2), ("postgresql+psycopg://127.0.0.1:1/nowhere", 1)]
)
def test_a_database_s_url_that_is_none_is_a_wrong_setting_and_one_that_is_away_is_not(
    url: str, code: int, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGHAND_DATABASE_URL", url)
    assert main(["migrate"]) == code
    (line,) = lines(capsys.readouterr().err)
    assert "LONGHAND_DATABASE_URL" in line


def test_a_file_of_settings_that_cannot_be_read_is_a_wrong_setting(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "services.toml").write_text("no = toml = at all")
    (tmp_path / "a.wav").touch()
    monkeypatch.setenv("LONGHAND_SERVICES_FILE", str(tmp_path / "services.toml"))
    assert main(["submit", "--dry-run", str(tmp_path / "a.wav")]) == 2
    assert "LONGHAND_SERVICES_FILE" in lines(capsys.readouterr().err)[-1]
