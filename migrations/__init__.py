"""The schema's history, one line of it. `upgrade` brings any database to its end, from Python and without a file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from worker.database import Database

UPGRADE_LOCK = 0x6C6F6E67  # "long": the advisory lock under which one process at a time upgrades


def upgrade(database_url: str) -> None:
    """Bring the database to the newest schema; several processes may do it at once, one does it and the others wait."""
    database = Database(database_url)
    try:
        with database.engine.begin() as connection:  # on SQLite this takes the write lock
            _wait_for_turn(connection)
            command.upgrade(config(connection), "head")
    finally:
        database.close()


def is_current(database: Database) -> bool:
    """Whether the database has the newest schema."""
    with database.reading() as session:
        applied = MigrationContext.configure(session.connection()).get_current_heads()
    return set(applied) == set(ScriptDirectory.from_config(config()).get_heads())


def _wait_for_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": UPGRADE_LOCK})


def config(connection: Connection | None = None) -> Config:
    """What Alembic's commands take, for a connection that the caller has opened."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made
