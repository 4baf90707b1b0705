"""What of a command line is submitted as a URL."""

from pathlib import Path

import pytest

from api.cli import main
from api.cli.submit import is_url
from worker.media.urls import SOURCES


@pytest.mark.parametrize("scheme", sorted(SOURCES))
def test_every_scheme_that_the_server_takes_is_a_url_and_no_missing_file(scheme: str) -> None:
    assert is_url(f"{scheme}://bucket/key.wav")
    assert not is_url(scheme)
    assert not is_url(f"{scheme}/key.wav")


def test_an_object_in_a_bucket_is_submitted_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LONGHAND_HOME", str(tmp_path))
    assert main(["submit", "--dry-run", "s3://bucket/key.wav"]) == 0
    shown = capsys.readouterr().out
    assert "in place  s3://bucket/key.wav" in shown
    assert "0 files of 0 bytes and 1 URLs" in shown
