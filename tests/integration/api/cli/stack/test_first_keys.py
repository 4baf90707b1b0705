"""How a first key comes to be, and that nobody listens beyond this machine before there is one."""

import stat
from pathlib import Path

import pytest

from api.cli import main
from api.cli.exits import UsageProblem
from api.cli.stack.first_keys import keep_key_in, look_for_keys
from tests.fixtures.door_keys import made_key
from worker import keys
from worker.database import Database
from worker.settings import Settings
from worker.states import KeyScope

EVERYWHERE = "0.0.0.0"


@pytest.fixture
def settings(sqlite_url: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url=sqlite_url)


def revoke_all(database: Database) -> None:
    with database.writing() as session:
        for key in keys.all_keys(session):
            keys.revoke(session, key.id)
        session.commit()


def test_the_file_gets_a_key_for_its_owner_alone_and_keeps_it(settings: Settings, sqlite_database: Database) -> None:
    path = settings.home / "key"
    keep_key_in(path, settings)
    text = path.read_text().strip()
    found = keys.find_valid(sqlite_database, text)
    assert found is not None
    assert found.scopes == {KeyScope.ADMIN}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keep_key_in(path, settings)
    assert path.read_text().strip() == text


def test_a_key_that_does_not_hold_any_more_is_replaced(settings: Settings, sqlite_database: Database) -> None:
    path = settings.home / "key"
    keep_key_in(path, settings)
    first = path.read_text()
    revoke_all(sqlite_database)
    keep_key_in(path, settings)
    assert path.read_text() != first
    assert keys.find_valid(sqlite_database, path.read_text().strip()) is not None
    path.write_text("nonsense")
    keep_key_in(path, settings)
    assert keys.find_valid(sqlite_database, path.read_text().strip()) is not None


def test_migrating_makes_the_key_where_it_is_asked_to(
    settings: Settings, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGHAND_DATABASE_URL", settings.database_url)
    path = settings.home / "key"
    assert main(["migrate"]) == 0
    assert not path.exists()
    assert main(["migrate", "--key-file", str(path)]) == 0
    assert keys.find_valid(sqlite_database, path.read_text().strip()) is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_loopback_no_key_has_to_be_there(settings: Settings, host: str) -> None:
    look_for_keys(settings, host)


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.0.2.1", "box.example"])
def test_elsewhere_a_key_has_to_be_there(settings: Settings, sqlite_database: Database, host: str) -> None:
    with pytest.raises(UsageProblem, match="longhand key create"):
        look_for_keys(settings, host)
    made_key(sqlite_database, "ada", KeyScope.READ)
    look_for_keys(settings, host)
    revoke_all(sqlite_database)
    with pytest.raises(UsageProblem, match="longhand key create"):
        look_for_keys(settings, host)


@pytest.mark.parametrize("command", ["api", "up"])
def test_to_let_in_everybody_is_for_loopback(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--host", EVERYWHERE, "--no-keys"]) == 2
    assert "--no-keys is for loopback" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["api"], ["dispatcher", "--port", "8081"]])
def test_a_process_without_a_key_does_not_listen_elsewhere(
    settings: Settings, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGHAND_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LONGHAND_REDIS_URL", "redis://127.0.0.1:1/0")
    assert main([*words, "--host", EVERYWHERE]) == 2
    assert "longhand key create NAME --scope admin" in capsys.readouterr().err


def test_the_first_key_of_the_settings_is_taken_in_once(settings: Settings, sqlite_database: Database) -> None:
    path = settings.home / "first"
    text = keys.new_key().text
    path.write_text(f"{text}\n")
    told = settings.model_copy(update={"first_key_file": path})
    look_for_keys(told, EVERYWHERE)
    look_for_keys(told, EVERYWHERE)
    found = keys.find_valid(sqlite_database, text)
    assert found is not None
    assert found.scopes == {KeyScope.ADMIN}


def test_a_first_key_that_was_revoked_is_not_let_in_again(settings: Settings, sqlite_database: Database) -> None:
    path = settings.home / "first"
    path.write_text(keys.new_key().text)
    told = settings.model_copy(update={"first_key_file": path})
    look_for_keys(told, "127.0.0.1")
    revoke_all(sqlite_database)
    with pytest.raises(UsageProblem, match="revoked"):
        look_for_keys(told, "127.0.0.1")
    assert not keys.are_there(sqlite_database)


@pytest.mark.parametrize("content", [None, "", "sk-any", "lh_abcdefgh_short"])
def test_a_first_key_that_is_none_is_refused_without_showing_it(settings: Settings, content: str | None) -> None:
    path = settings.home / "first"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageProblem, match="LONGHAND_FIRST_KEY_FILE") as refused:
        look_for_keys(settings.model_copy(update={"first_key_file": path}), EVERYWHERE)
    assert not content or content not in str(refused.value)


def test_a_database_that_is_away_lets_a_process_start(settings: Settings, tmp_path: Path) -> None:
    """Nobody's key can be looked up there, so nobody gets in."""
    away = settings.model_copy(update={"database_url": "postgresql+psycopg://127.0.0.1:1/nowhere"})
    look_for_keys(away, EVERYWHERE)
