"""The migrated schema is the models' schema, on both databases, however often and from however many it is made."""

import threading
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, select, text

import migrations
from tests.fixtures.campaigns import add_campaign
from tests.fixtures.spoken import bring, spoken
from worker.database import Database, change
from worker.models import Base, Campaign
from worker.search.index import SearchFilter, find
from worker.search.query import parse


def test_history_has_one_head_and_one_base() -> None:
    history = ScriptDirectory(migrations.__path__[0])
    assert len(history.get_heads()) == 1
    assert len(history.get_bases()) == 1


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrated_schema_equals_the_models(empty_database_url: str) -> None:
    migrations.upgrade(empty_database_url)
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        command.check(migrations.config(connection))  # raises where a migration would have to be written
    engine.dispose()


def test_every_index_is_written_as_the_models_write_it(empty_database_url: str) -> None:
    """Alembic cannot compare an index with DESC on SQLite, so the database's own texts are compared."""
    migrations.upgrade(empty_database_url)
    engine = create_engine(empty_database_url)
    migrated = _indexes(engine)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    assert _indexes(engine) == migrated
    engine.dispose()


def _indexes(engine: Engine) -> set[str]:
    source = {
        "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "postgresql": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    }
    with engine.connect() as connection:
        texts = set(connection.scalars(text(source[engine.dialect.name])))
    return {one for one in texts if "alembic_version" not in one}


def test_transcripts_from_before_the_search_are_found_after_it(database: Database) -> None:
    recording_id = spoken(database, 1, "good morning", "").recording_id
    bring(database, recording_id, "good evening")
    with database.engine.begin() as connection:
        command.downgrade(migrations.config(connection), "0002")
        command.upgrade(migrations.config(connection), "head")
    with database.reading() as session:
        hits = find(session, parse("good"), SearchFilter(), before=None, limit=9)
    assert [hit.text for hit in hits] == ["good morning"]


def test_failures_that_were_forgiven_move_out_of_the_rules_and_back(database: Database) -> None:
    plain = {"canary": 0, "max_failure_share": 0.2}
    ids = [add_campaign(database) for _ in range(2)]
    with database.engine.begin() as connection:
        _forgive(connection, ids[0], plain, [7, 3])
        _forgive(connection, ids[1], plain, [0, 0])
        command.downgrade(migrations.config(connection), "0006")
        rows = connection.execute(select(Campaign.id, Campaign.rules)).all()
        assert {row.id: row.rules for row in rows} == {ids[0]: {**plain, "forgiven": [7, 3]}, ids[1]: plain}
        command.upgrade(migrations.config(connection), "head")
        kept = connection.execute(select(Campaign.rules, Campaign.forgiven).order_by(Campaign.id)).all()
    assert kept == [(plain, [7, 3]), (plain, [0, 0])]


def _forgive(connection: Connection, campaign_id: str, rules: dict[str, Any], forgiven: list[int]) -> None:
    own = change(Campaign).where(Campaign.id == campaign_id)
    connection.execute(own.values(rules=rules, forgiven=forgiven))


def test_upgrading_twice_changes_nothing(empty_database_url: str) -> None:
    migrations.upgrade(empty_database_url)
    migrations.upgrade(empty_database_url)
    assert _is_current(empty_database_url)


def test_empty_database_is_not_current(empty_database_url: str) -> None:
    assert not _is_current(empty_database_url)


def test_several_processes_may_upgrade_at_once(empty_database_url: str) -> None:
    errors: list[Exception] = []

    def upgrade() -> None:
        try:
            migrations.upgrade(empty_database_url)
        except Exception as error:  # noqa: BLE001  # whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert _is_current(empty_database_url)


def _is_current(url: str) -> bool:
    database = Database(url)
    try:
        return migrations.is_current(database)
    finally:
        database.close()
