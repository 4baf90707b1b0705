"""Run by Alembic for each command: the connection comes from `migrations.upgrade`, or from a test."""

from alembic import context
from sqlalchemy import Connection, Engine
from sqlalchemy.schema import SchemaItem

from worker.models import Base

# Alembic reads an index with DESC on SQLite as one without, and would drop it. A test compares it by its text.
# SQLite's full-text table and the tables that it keeps itself in stand beside the models.
NOT_COMPARED = {
    "sqlite": {
        "ix_jobs_due",
        "ix_search_rows_words",
        *(f"search_words{part}" for part in ("", "_data", "_idx", "_docsize", "_config")),
    }
}


def _run(connection: Connection) -> None:
    unseen = NOT_COMPARED.get(connection.dialect.name, set())

    def is_compared(_item: SchemaItem, name: str | None, *_rest: object) -> bool:
        return name not in unseen

    context.configure(
        connection=connection, target_metadata=Base.metadata, render_as_batch=True, include_object=is_compared
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | Engine = context.config.attributes["connection"]
if isinstance(given, Engine):
    with given.connect() as opened:
        _run(opened)
else:
    _run(given)
