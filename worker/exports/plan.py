"""What an export will write, known and checked before anything is written.

It is kept in a temporary SQLite file, so that a hundred thousand recordings take no memory.
"""

import json
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from worker.errors import InvalidRequest
from worker.exports.patterns import ExportItem, Pattern, shown
from worker.results.export import Format

MANIFEST = "manifest.jsonl"

_TABLES = """
CREATE TABLE items (number INTEGER PRIMARY KEY, name TEXT, item TEXT NOT NULL);
CREATE TABLE files (key TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE folders (key TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
"""


class ExportPlan:
    """Items and their names, in the order in which they were added. To be closed."""

    def __init__(self, pattern: Pattern, forms: Sequence[Format]) -> None:
        self._pattern = pattern
        self.forms = tuple(dict.fromkeys(forms))
        self._rows = sqlite3.connect("")  # a file of its own, without a name, which goes with the connection
        self._rows.executescript(_TABLES)

    def add(self, item: ExportItem) -> None:
        """Raises InvalidRequest where it has no name by the pattern, or one that another item has."""
        name = self._pattern.name(item) if item["transcript"] else None
        added = self._rows.execute("INSERT INTO items (name, item) VALUES (?, ?)", (name, json.dumps(item)))
        if name is not None:
            self._reserve(name, int(added.lastrowid or 0))

    def check(self) -> None:
        """To be called when all are added. Raises InvalidRequest where a file would stand where a folder must."""
        row = self._rows.execute(
            "SELECT files.number, folders.number FROM files JOIN folders ON folders.key = files.key LIMIT 1"
        ).fetchone()
        if row:
            raise self._collision(*row)

    def items(self) -> Iterator[tuple[str | None, dict[str, Any]]]:
        """Each item with its name, without an ending; None where it has no transcript."""
        for name, item in self._rows.execute("SELECT name, item FROM items ORDER BY number"):
            yield name, json.loads(item)

    @property
    def total(self) -> int:
        return self._count("items")

    @property
    def writable(self) -> int:
        """The items that have a transcript."""
        return self._count("items WHERE name IS NOT NULL")

    def close(self) -> None:
        self._rows.close()

    def _reserve(self, name: str, number: int) -> None:
        for form in self.forms:
            self._reserve_file(_key(f"{name}.{form}"), number)
        parts = _key(name).split("/")
        folders = [("/".join(parts[:depth]), number) for depth in range(1, len(parts))]
        self._rows.executemany("INSERT OR IGNORE INTO folders (key, number) VALUES (?, ?)", folders)

    def _reserve_file(self, key: str, number: int) -> None:
        try:
            self._rows.execute("INSERT INTO files (key, number) VALUES (?, ?)", (key, number))
        except sqlite3.IntegrityError:
            (first,) = self._rows.execute("SELECT number FROM files WHERE key = ?", (key,)).fetchone()
            raise self._collision(first, number) from None

    def _collision(self, one: int, other: int) -> InvalidRequest:
        (name, first), (_, second) = self._item(one), self._item(other)
        return InvalidRequest(
            f"{shown(first)} and {shown(second)} would be written to one file, {name}: "
            "tell them apart with --name, as by {path}, {external_id} or {name}-{recording}."
        )

    def _item(self, number: int) -> tuple[str, ExportItem]:
        name, item = self._rows.execute("SELECT name, item FROM items WHERE number = ?", (number,)).fetchone()
        return name, json.loads(item)

    def _count(self, what: str) -> int:
        (count,) = self._rows.execute(f"SELECT count(*) FROM {what}").fetchone()  # noqa: S608  # our own words
        return int(count)


def _key(name: str) -> str:
    """Names with one key are one file on some file system: upper and lower case, composed and decomposed letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
