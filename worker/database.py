"""Engines, sessions and the database's own clock, the same on SQLite and PostgreSQL."""

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Update,
    create_engine,
    event,
    make_url,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.sql.functions import FunctionElement

from worker.errors import ConfigurationError

BUSY_TIMEOUT_MS = 15_000
# A transaction of ours lasts milliseconds. One that says nothing for so long belongs to a process that was frozen or
# cut off, and its row locks would keep everybody else from its job: the server ends it. Far less than a lease.
SILENT_TRANSACTION_MS = 15_000

# Nobody answers, the connection broke, the file is locked or no schema is in it: all may pass by themselves. So may
# what psycopg calls an internal error: the server ended a silent transaction, or has just become read-only.
DATABASE_AWAY: tuple[type[Exception], ...] = (OperationalError, InterfaceError, InternalError, NoFreeConnection)


class now_ms(FunctionElement[int]):  # noqa: N801  # reads as the SQL function it is
    """The database's clock in whole milliseconds since 1970 UTC; on PostgreSQL not frozen in a transaction."""

    type = BigInteger()
    inherit_cache = True


@compiles(now_ms, "sqlite")
def _sqlite_now(_element: now_ms, _compiler: Any, **_options: Any) -> str:  # noqa: ANN401  # SQLAlchemy's hook
    return "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"


@compiles(now_ms, "postgresql")
def _postgresql_now(_element: now_ms, _compiler: Any, **_options: Any) -> str:  # noqa: ANN401  # SQLAlchemy's hook
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"


# As a sub-select the clock is read once for the whole statement, and an index on the time can be used.
NOW = select(now_ms()).scalar_subquery()


def clock(session: Session) -> int:
    """The database's clock, where rows are made by the thousand and each would have to ask."""
    return session.execute(select(now_ms())).scalar_one()


def change(entity: type[DeclarativeBase]) -> Update:
    """An UPDATE that speaks to the database alone: sessions here hold no objects that it would have to follow."""
    return update(entity).execution_options(synchronize_session=False)


def upsert(session: Session, entity: type[DeclarativeBase]) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``, in this database's dialect."""
    return upsert_in(session.get_bind().dialect.name, entity)


def upsert_in(dialect: str, entity: type[DeclarativeBase]) -> "sqlite.Insert | postgresql.Insert":
    """The same where a statement is made before there is a session."""
    return sqlite.insert(entity) if dialect == "sqlite" else postgresql.insert(entity)


class Database:
    """One engine. Leaving a session's block without ``commit()`` rolls back: that is the default way out.

    Raises ConfigurationError where the URL is none, or its driver is not installed.
    """

    def __init__(self, url: str, *, pool_size: int = 10, silent_transaction_ms: int = SILENT_TRANSACTION_MS) -> None:
        try:
            self.engine = _make_engine(url, pool_size, silent_transaction_ms)
        except (ArgumentError, ModuleNotFoundError) as error:  # no URL, or a driver that is not installed
            raise ConfigurationError(f"LONGHAND_DATABASE_URL cannot be used: {error}.") from error
        self._writing = sessionmaker(self.engine, expire_on_commit=False)
        self._reading = sessionmaker(self.engine.execution_options(longhand_read_only=True), expire_on_commit=False)

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that may write; on SQLite it takes the write lock at its start, so it never has to upgrade."""
        with self._writing() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A snapshot to read from; waits for no writer."""
        with self._reading() as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


def _make_engine(url: str, pool_size: int, silent_transaction_ms: int) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(
            parsed, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True, hide_parameters=True
        )
        event.listen(engine, "connect", partial(_prepare_postgresql, silent_transaction_ms))
        return engine
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,  # a statement's values may hold a signed URL
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  # DB-API has no types
    connection.isolation_level = None  # the driver's own BEGIN would come too late for BEGIN IMMEDIATE
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    _enter_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.create_function("md5", 1, _md5, deterministic=True)  # as PostgreSQL has it: samples are drawn by it


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _enter_wal(connection: sqlite3.Connection) -> None:
    """The busy timeout does not hold for this one, which all that open a new file at once carry out."""
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _prepare_postgresql(silent_ms: int, connection: Any, _record: object) -> None:  # noqa: ANN401  # DB-API has no types
    connection.execute(f"SET idle_in_transaction_session_timeout = {silent_ms}")
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("longhand_read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
