"""Statements that are built once and run often: to build one costs as much as to run it, and the ORM four times that.

On the way of each segment and each claim a statement is a constant of its module, or the result of a cached function
where its columns or the dialect differ. Its values are bound by name at each run: those of its columns as `bound` and
`bindings` name them, so that they never meet a name in its WHERE clause.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from sqlalchemy import BindParameter, CursorResult, Executable, FromClause, bindparam, inspect
from sqlalchemy.orm import DeclarativeBase, Session, aliased

Entity = TypeVar("Entity", bound=DeclarativeBase)


def shared_alias(entity: type[Entity], rows: FromClause | None = None) -> type[Entity]:
    """An alias that threads may share, as a constant of a module is; of all rows, or of ``rows``.

    SQLAlchemy (2.1.9) makes the index by which an alias finds its columns when the first is asked for, without a lock.
    A thread that meets it half made is given the table's own column, and a statement that reads other rows than meant.
    So it is made here, before anyone else has the alias.
    """
    alias = aliased(entity, rows)
    inspect(alias).selectable.corresponding_column(next(iter(entity.__table__.c)))
    return alias


def execute(session: Session, statement: Executable, values: Mapping[str, Any] | None = None) -> CursorResult[Any]:
    """Run a statement past the ORM, whose part of it takes four times as long as all the rest: rows, not objects."""
    return session.connection().execute(statement, values)


def bound(entity: type[DeclarativeBase], names: Iterable[str]) -> dict[str, BindParameter[Any]]:
    """Values for these columns that come with each execution, under the names of `bindings`."""
    return {name: bindparam(f"to_{name}", type_=entity.__table__.columns[name].type) for name in names}


def bindings(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `bound` columns, for one execution."""
    return {f"to_{name}": value for name, value in values.items()}
