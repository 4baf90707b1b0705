"""Keys: made, found while they hold, rotated with two at once, revoked at once; by the database's clock."""

import hashlib
import re
from pathlib import Path

import pytest
from sqlalchemy import select, text

from worker import keys
from worker.database import Database, change, clock
from worker.errors import UnknownKey
from worker.models import ApiKey
from worker.states import KeyScope

READ = frozenset({KeyScope.READ})


def made(database: Database, name: str = "ada", *scopes: KeyScope, lasts_ms: int | None = None) -> keys.MadeKey:
    with database.writing() as session:
        key = keys.make(session, name, scopes or READ, lasts_ms=lasts_ms)
        session.commit()
    return key


def row_of(database: Database, key_id: str) -> ApiKey:
    with database.reading() as session:
        return session.scalars(select(ApiKey).where(ApiKey.id == key_id)).one()


def test_a_key_that_was_made_is_found_by_its_text(database: Database) -> None:
    key = made(database, "ada", KeyScope.READ, KeyScope.SUBMIT)
    found = keys.find_valid(database, key.text)
    assert found == keys.Key(key.id, "default", frozenset({KeyScope.READ, KeyScope.SUBMIT}), is_stale=True)
    assert re.fullmatch(r"lh_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", key.text)
    assert key.text[3:11] == key.id


def test_only_the_digest_of_the_secret_is_kept(database: Database) -> None:
    key = made(database)
    secret = key.text.split("_", 2)[2]
    row = row_of(database, key.id)
    assert row.secret_sha256 == hashlib.sha256(secret.encode()).hexdigest()
    with database.reading() as session:
        values = [str(value) for value in session.execute(text("SELECT * FROM api_keys")).one()]
    assert not any(secret in value or key.text in value for value in values)


def test_the_file_of_the_database_does_not_have_the_secret(sqlite_database: Database, tmp_path: Path) -> None:
    key = made(sqlite_database)
    keys.find_valid(sqlite_database, key.text)
    keys.note_use(sqlite_database, key.id)
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    assert any(key.id.encode() in path.read_bytes() for path in files)
    assert not any(key.text.split("_", 2)[2].encode() in path.read_bytes() for path in files)


def test_another_secret_under_the_same_id_is_none(database: Database) -> None:
    key = made(database)
    other = keys.new_key().text
    assert keys.find_valid(database, f"lh_{key.id}_{other[12:]}") is None
    assert keys.find_valid(database, other) is None


@pytest.mark.parametrize("given", ["", "lh_", "sk-any", "lh_abcdefgh_short", "lh_ABCDEFGH_" + "a" * 43, "\x00" * 55])
def test_a_text_that_is_no_key_is_none(database: Database, given: str) -> None:
    assert keys.find_valid(database, given) is None


def test_an_expired_key_is_none(database: Database) -> None:
    key = made(database, lasts_ms=60_000)
    assert keys.find_valid(database, key.text) is not None
    with database.writing() as session:
        session.execute(change(ApiKey).values(expires_ms=clock(session)))
        session.commit()
    assert keys.find_valid(database, key.text) is None
    assert not keys.are_there(database)


def test_a_revoked_key_is_none(database: Database) -> None:
    key, other = made(database), made(database)
    with database.writing() as session:
        keys.revoke(session, key.id)
        with pytest.raises(UnknownKey):
            keys.revoke(session, key.id)
        session.commit()
    assert keys.find_valid(database, key.text) is None
    assert keys.find_valid(database, other.text) is not None


def test_rotation_leaves_two_that_hold_and_ends_the_old_one_in_time(database: Database) -> None:
    old = made(database, "ci", KeyScope.SUBMIT)
    with database.writing() as session:
        new = keys.rotate(session, old.id, overlap_ms=60_000)
        session.commit()
    first, second = row_of(database, old.id), row_of(database, new.id)
    assert keys.find_valid(database, old.text) is not None
    assert keys.find_valid(database, new.text) is not None
    assert (second.name, second.scopes, second.tenant_id, second.expires_ms) == ("ci", ["submit"], "default", None)
    assert first.expires_ms is not None
    assert 0 < first.expires_ms - second.created_ms <= 61_000


def test_a_rotation_with_no_overlap_ends_the_old_one_at_once(database: Database) -> None:
    old = made(database, lasts_ms=3_600_000)
    with database.writing() as session:
        new = keys.rotate(session, old.id, overlap_ms=0)
        session.commit()
    assert keys.find_valid(database, old.text) is None
    renewed = row_of(database, new.id)
    assert renewed.expires_ms == renewed.created_ms + 3_600_000


def test_a_key_that_is_not_there_cannot_be_rotated(database: Database) -> None:
    with database.writing() as session, pytest.raises(UnknownKey):
        keys.rotate(session, "00000000")


def test_the_last_use_is_known_to_the_hour(database: Database) -> None:
    key = made(database)
    keys.note_use(database, key.id)
    found = keys.find_valid(database, key.text)
    assert found is not None
    assert not found.is_stale
    with database.writing() as session:
        session.execute(change(ApiKey).values(last_used_ms=clock(session) - keys.HOUR_MS))
        session.commit()
    stale = keys.find_valid(database, key.text)
    assert stale is not None
    assert stale.is_stale


def test_ended_keys_are_listed_where_they_are_asked_for(database: Database) -> None:
    ids = [made(database, name).id for name in ("first", "second")]
    with database.writing() as session:
        keys.revoke(session, ids[0])
        session.commit()
    with database.reading() as session:
        assert [key.id for key in keys.all_keys(session)] == ids[1:]
        assert {key.id for key in keys.all_keys(session, also_ended=True)} == set(ids)


def test_admin_allows_everything_and_no_other_scope_allows_another() -> None:
    for scope in KeyScope:
        key = keys.Key("00000000", "default", frozenset({scope}))
        assert {other for other in KeyScope if key.allows(other)} == (
            set(KeyScope) if scope is KeyScope.ADMIN else {scope}
        )
