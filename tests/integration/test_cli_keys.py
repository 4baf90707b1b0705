"""`longhand key …`: on the database itself, the text printed once and alone."""

import json
from pathlib import Path

import pytest

from api.cli import main
from api.cli.exits import UsageProblem
from api.cli.keys import length_ms
from worker import keys
from worker.database import Database
from worker.states import KeyScope

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def of_this_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGHAND_DATABASE_URL", database_url)


def create(capsys: Captured, *words: str) -> str:
    assert main(["key", "create", *words]) == 0
    return capsys.readouterr().out.strip()


def listed(capsys: Captured, *words: str) -> list[dict[str, object]]:
    assert main(["key", "list", "--json", *words]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_key_is_printed_once_and_listed_without_its_secret(capsys: Captured, database: Database) -> None:
    text = create(capsys, "ci", "--scope", "submit", "--scope", "read", "--expires", "30d")
    found = keys.find_valid(database, text)
    assert found is not None
    assert found.scopes == {KeyScope.SUBMIT, KeyScope.READ}
    (shown,) = listed(capsys)
    assert (shown["id"], shown["name"], shown["scopes"]) == (found.id, "ci", ["read", "submit"])
    assert shown["expires_at"] is not None
    assert main(["key", "list"]) == 0
    line = capsys.readouterr().out
    assert line.startswith(f"{found.id}  ci  read,submit  expires 2")
    assert text.split("_", 2)[2] not in line + json.dumps(shown)


def test_a_key_that_was_revoked_is_listed_where_it_is_asked_for(capsys: Captured, database: Database) -> None:
    text = create(capsys, "old", "--scope", "read")
    assert main(["key", "revoke", text[3:11]]) == 0
    assert keys.find_valid(database, text) is None
    capsys.readouterr()
    assert listed(capsys) == []
    assert [one["revoked_at"] is not None for one in listed(capsys, "--all")] == [True]
    assert main(["key", "revoke", text[3:11]]) == 1
    assert f"No key that holds has the id '{text[3:11]}'" in capsys.readouterr().err


def test_rotation_prints_a_new_key_beside_the_old_one(capsys: Captured, database: Database) -> None:
    old = create(capsys, "ci", "--scope", "campaign")
    assert main(["key", "rotate", old[3:11], "--overlap", "1h"]) == 0
    new = capsys.readouterr().out.strip()
    for text in (old, new):
        found = keys.find_valid(database, text)
        assert found is not None
        assert found.scopes == {KeyScope.CAMPAIGN}


@pytest.mark.parametrize(
    "words",
    [
        ["create", "x"],
        ["create", "x", "--scope", "everything"],
        ["create", "x", "--scope", "read", "--expires", "soon"],
        ["create", " ", "--scope", "read"],
        ["create", "a\x1bb", "--scope", "read"],
    ],
)
def test_a_key_without_a_scope_or_with_a_wrong_option_is_a_usage_problem(
    capsys: Captured, words: list[str], database: Database
) -> None:
    assert main(["key", *words]) == 2
    assert not keys.are_there(database)


def test_without_the_newest_schema_the_line_says_what_to_run(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LONGHAND_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    assert main(["key", "list"]) == 2
    assert "longhand migrate" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "ms"), [("45m", 2_700_000), ("12h", 43_200_000), ("30d", 2_592_000_000), ("0d", 0)])
def test_a_length_is_a_number_with_its_unit(text: str, ms: int) -> None:
    assert length_ms("--expires", text) == ms


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5d", "30 days", "999999999d"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem):
        length_ms("--expires", text)
