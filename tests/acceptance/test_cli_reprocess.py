"""`longhand reprocess` against a running stack with the scripted engine: an archive is transcribed again, and back."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.cli import main
from tests.fixtures.command_line import UpStack, cut_sample, running_up

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UpStack]:
    """With three recordings in an archive that the first model has transcribed."""
    folder = tmp_path_factory.mktemp("stack")
    with running_up(folder / "home") as up:
        for number in range(3):
            cut_sample(folder / "calls" / f"{number}.wav", number, number + 2)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LONGHAND_HOME", str(up.home))
            options = ["--archive", "calls", "--model", "first", "-f", "txt", "-o", str(folder / "texts")]
            assert main(["transcribe", str(folder / "calls"), *options]) == 0
        yield up


@pytest.fixture(autouse=True)
def at_home(stack: UpStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGHAND_HOME", str(stack.home))


def reprocess(capsys: Captured, *words: str, code: int = 0) -> dict[str, Any]:
    """A command's JSON."""
    capsys.readouterr()
    assert main(["reprocess", *words, "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_a_dry_run_says_what_it_would_cost_and_writes_nothing(capsys: Captured) -> None:
    assert main(["reprocess", "plan", "--archive", "calls", "--model", "second", "--dry-run"]) == 0
    captured = capsys.readouterr()
    assert "3 of 3 recordings" in captured.out
    assert "by earlier jobs" in captured.out
    assert "Nothing was written." in captured.err
    assert main(["reprocess", "list"]) == 0
    assert "no campaign" in capsys.readouterr().err


def test_the_same_model_again_is_refused_with_the_reason(capsys: Captured) -> None:
    assert main(["reprocess", "plan", "--archive", "calls", "--model", "first"]) == 1
    assert "recognition key" in capsys.readouterr().err


def test_an_archive_is_transcribed_again_promoted_and_rolled_back(capsys: Captured) -> None:
    asked = ["--archive", "calls", "--model", "second", "--name", "june", "--canary", "1", "--parallel", "2"]
    assert reprocess(capsys, "plan", *asked)["status"] == "planned"
    assert reprocess(capsys, "start", "june")["status"] == "canary"
    assert reprocess(capsys, "watch", "june")["counts"]["done"] == 1
    reprocess(capsys, "start", "june")
    found = reprocess(capsys, "watch", "june")
    assert (found["status"], found["counts"]["done"]) == ("finished", 3)
    assert found["actual"]["sent_ms"] == found["plan"]["to_send_ms"] > 0

    reprocess(capsys, "promote", "june")
    assert reprocess(capsys, "watch", "june")["promoted"] == 3
    reprocess(capsys, "rollback", "june")
    assert reprocess(capsys, "watch", "june")["status"] == "rolled_back"
    assert main(["reprocess", "rollback", "june"]) == 1
    assert "rolled_back" in capsys.readouterr().err


def test_a_campaign_is_shown_to_people(capsys: Captured) -> None:
    assert main(["reprocess", "status", "june"]) == 0
    shown = capsys.readouterr().out
    assert "june  rolled_back  3/3" in shown
    assert "Sent: " in shown
    assert main(["reprocess", "recordings", "june", "--state", "done"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_answers_that_are_there_are_sent_again_only_when_asked_for(capsys: Captured) -> None:
    again = ["--archive", "calls", "--model", "second", "--canary", "0"]
    sent = []
    for name, more in (("again", []), ("afresh", ["--fresh"])):
        reprocess(capsys, "plan", *again, "--name", name, *more)
        reprocess(capsys, "start", name)
        sent.append(reprocess(capsys, "watch", name)["actual"]["sent_ms"])
    assert sent[0] == 0
    assert sent[1] > 0


def test_bad_options_are_named(capsys: Captured) -> None:
    assert main(["reprocess", "plan", "--label", "north"]) == 2
    assert "--label" in capsys.readouterr().err
    assert main(["reprocess", "plan", "--usd", "0"]) == 1
    assert "limits.usd" in capsys.readouterr().err
    assert main(["reprocess", "status", "nobody"]) == 1
    assert "no campaign" in capsys.readouterr().err
