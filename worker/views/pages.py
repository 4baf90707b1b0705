"""Pages of lists, newest first: ids sort by time, so a cursor is the last id that was seen."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from worker.errors import InvalidRequest
from worker.shapes.base import Page, Shape

Item = TypeVar("Item", bound=Shape)
Rows = Select[*tuple[Any, ...]]  # a query of any columns
ID = re.compile("[0-9a-f]{32}")
DEFAULT_LIMIT = 50
MAX_LIMIT = 500


@dataclass(frozen=True)
class PageRequest:
    """Which page: ``limit`` items older than ``before``."""

    limit: int = DEFAULT_LIMIT
    before: str | None = None

    @classmethod
    def parse(cls, limit: int, cursor: str | None) -> "PageRequest":
        """Raises InvalidRequest where the limit is out of range, or the cursor is none of ours."""
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidRequest(f"limit must lie between 1 and {MAX_LIMIT}; got {limit}.")
        return cls(limit, _decode(cursor) if cursor else None)

    def rows_of(self, statement: Rows, column: InstrumentedAttribute[str]) -> Rows:
        """The statement narrowed to this page and one row more, which tells whether there is a next page."""
        older = statement if self.before is None else statement.where(column < self.before)
        return older.order_by(column.desc()).limit(self.limit + 1)


def make_page(kind: type[Page[Item]], items: Sequence[Item], request: PageRequest, *, key: str = "id") -> Page[Item]:
    """The page that was asked for, of one item more where there are more; ``key`` is the field with an item's id."""
    shown = list(items[: request.limit])
    more = len(items) > request.limit
    return kind(items=shown, next=_encode(getattr(shown[-1], key)) if more else None)


def _encode(last_id: str) -> str:
    return base64.urlsafe_b64encode(last_id.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    try:
        last_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:  # no Base64, or no ASCII in it
        last_id = ""
    if not ID.fullmatch(last_id):
        raise InvalidRequest("cursor is not one that a list has given out.")
    return last_id
