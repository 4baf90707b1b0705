"""`longhand reprocess compare`, `vote` and `longhand versions import`, against a real door."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from tests.fixtures.doors import House
from tests.fixtures.reviewing import add_member
from tests.fixtures.rows import add_campaign

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def at_the_door(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands talk to the house."""
    monkeypatch.setenv("LONGHAND_URL", str(house.client.base_url))


@pytest.fixture
def campaign(house: House) -> str:
    campaign = add_campaign(house.database, "june")
    add_member(house.database, campaign, 1, human="a b c d", old="a x y d", new="a b c z")
    add_member(house.database, campaign, 2, old="on Thursday", new="on Friday")
    return campaign


def versions(house: House, recording: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = house.client.get(f"/v1/recordings/{recording}/transcripts").json()["items"]
    return items


def test_a_comparison_is_read_on_the_terminal(campaign: str, capsys: Captured) -> None:
    assert main(["reprocess", "compare", "june"]) == 0
    said = capsys.readouterr().out
    assert "Error rate: old 50.0%, new 25.0%, against a person's text" in said
    assert "Difference, which is not error: 50.0%" in said
    assert "    - on Thursday\n    + on Friday" in said


def test_a_comparison_is_written_in_each_form(campaign: str, capsys: Captured, tmp_path: Path) -> None:
    for form, begins in (("json", '{"campaign"'), ("csv", "recording,external_id"), ("html", "<!doctype html>")):
        target = tmp_path / f"june.{form}"
        assert main(["reprocess", "compare", "june", "--format", form, "-o", str(target)]) == 0
        assert target.read_text().lstrip().startswith(begins)
    assert main(["reprocess", "compare", "june", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "june"


class Terminal(io.StringIO):
    """A person's answers."""

    def isatty(self) -> bool:
        return True


def test_a_person_votes_until_there_is_nothing_left(
    campaign: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("hm\nA\nn\n"))
    assert main(["reprocess", "vote", "june", "--voter", "ada"]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("Which is better?") == 3
    assert "ada has judged every passage" in captured.err
    assert captured.out.startswith(
        ("1 for the new version, 0 for the old one, 1", "0 for the new version, 1 for the old")
    )


def test_a_person_may_stop_and_the_votes_are_kept(
    campaign: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n\nq\n"))
    assert main(["reprocess", "vote", "june", "--voter", "ada"]) == 0
    assert main(["reprocess", "vote", "june", "--json"]) == 0
    counted = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (counted["votes"], counted["neither"], counted["new_share"]) == (1, 1, None)


def test_a_folder_of_transcripts_becomes_versions_once(house: House, capsys: Captured, tmp_path: Path) -> None:
    named = house.upload(name="talk.wav", data={"archive": "calls", "external_id": "call-1"}).json()["recording"]
    for name, text in (("call-1.txt", "Good morning."), ("nobody.txt", "x")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    folder = str(tmp_path)

    assert main(["versions", "import", "calls", folder, "--dry-run"]) == 1
    assert versions(house, named) == []
    for outcome in ("added", "existing"):
        assert main(["versions", "import", "calls", folder, "--pin", "--json"]) == 1
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
        assert [(Path(one["file"]).name, one["outcome"]) for one in lines] == [
            ("call-1.txt", outcome),
            ("nobody.txt", "unmatched"),
        ]
    [only] = versions(house, named)
    assert (only["text"], only["pinned"], only["origin"]) == ("Good morning.", True, "import")


def test_a_file_that_is_no_transcript_is_refused_and_stops_no_other(
    house: House, capsys: Captured, tmp_path: Path
) -> None:
    house.upload(name="one.wav", data={"archive": "calls"})
    (tmp_path / "one.srt").write_text("no cue at all")
    assert main(["versions", "import", "calls", folder := str(tmp_path)]) == 1
    assert "refused" in capsys.readouterr().out
    assert main(["versions", "import", "calls", folder, "--language", "en", "-f", "txt"]) == 0
    assert main(["versions", "import", "calls", f"{folder}/none"]) == 2


def test_what_was_imported_and_is_not_pinned_is_compared_as_a_difference(house: House) -> None:
    campaign = add_campaign(house.database, "june")
    add_member(house.database, campaign, 1, human="brought from elsewhere", pin=False, new="brought from here")
    found = house.client.get("/v1/campaigns/june/comparison").json()
    assert found["items"][0]["comparison"]["measure"] == "difference"
    assert found["summary"]["error"] is None
