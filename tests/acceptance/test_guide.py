"""The guide to transcribing an archive again: each of its commands is run, in its order, against a running stack."""

import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli import main
from api.cli.stack.home import KEY, read_key
from api.client import Client
from tests.fixtures.command_line import UpStack, cut_sample, running_up
from tests.fixtures.paths import DOCS
from tests.fixtures.recognizer_process import recognizer_process

GUIDE = (DOCS / "transcribe-again.md").read_text()
RECORDINGS = 8
NEWER = "scripted-2"


def commands() -> list[str]:
    """The lines of its shell blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[UpStack]:
    """With the newer service that the guide's files name."""
    home = tmp_path / "home"
    home.mkdir()
    with recognizer_process(model=NEWER) as (url, _):
        services = f'[newer]\nurl = "{url}"\nmodel = "{NEWER}"\npace = 0\nhosted = false\n'
        (home / "services.toml").write_text(services)
        (home / "prices.toml").write_text(f'[newer."{NEWER}"]\nusd_per_s = 0.0001\n')
        with running_up(home) as up:
            yield up


@pytest.mark.timeout(300)
def test_every_command_does_what_the_guide_says(
    stack: UpStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LONGHAND_HOME", str(stack.home))
    monkeypatch.chdir(tmp_path)
    for number in range(RECORDINGS):
        cut_sample(tmp_path / "calls" / f"{number}.wav", 3 * number, 3 * number + 3)
    said = {line: _run(line, monkeypatch, capsys) for line in commands()}

    assert "8 recordings" in said["longhand reprocess plan --archive calls --service newer --dry-run"]
    assert "<table" in Path("june.html").read_text()
    assert len(list(Path("transcripts").rglob("*.srt"))) == RECORDINGS
    with Client(stack.server.url, read_key(stack.home / KEY)) as client:
        campaign = client.campaign("june")
        assert campaign.status == "rolled_back"
        assert campaign.counts["done"] == RECORDINGS
        assert campaign.actual.sent_ms > 0


def _run(line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command says; whoever is asked something has had enough."""
    program, *arguments = shlex.split(line)
    assert program == "longhand"
    monkeypatch.setattr("sys.stdin", io.StringIO("q\n"))
    code = main(arguments)
    said = capsys.readouterr()
    assert code == 0, f"{line}: {code}\n{said.out}\n{said.err}"
    return said.out + said.err
