"""What all tables share. Times are whole milliseconds since 1970 UTC by the database's clock, in ``…_ms`` columns."""

from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Index, Integer, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase

ID = String(32)
DIGEST = String(64)
CODE = String(40)
NAME = String(200)
HOLDER = String(210)  # a name or an id, behind the word that says of what
NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts rows up only in INTEGER


class Base(DeclarativeBase):
    """Constraint names follow one pattern, so that migrations can name what they change."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {dict[str, Any]: JSON, list[Any]: JSON, int: BigInteger}


def index_where(name: str | None, *columns: str, where: str, unique: bool = False) -> Index:
    """A partial index, the same on both databases."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))
