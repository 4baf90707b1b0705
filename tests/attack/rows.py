"""The table's rows, in their order."""

from collections.abc import Callable

import pytest

from tests.attack import (
    folder_rows,
    http_rows,
    media_rows,
    network_rows,
    protocol_rows,
    raw_rows,
    redis_rows,
    text_rows,
)
from tests.attack.assault import Assault
from tests.fixtures.postgres_cluster import running_cluster

Row = Callable[[Assault], None]


def _on_postgresql(row: Callable[[Assault, str], None]) -> Row:
    def run(assault: Assault) -> None:
        try:
            with running_cluster() as cluster:
                row(assault, cluster.new_database("attack"))
        except pytest.skip.Exception as error:  # no server is installed
            assault.tally.notes.append(str(error))

    return run


ROWS: dict[str, Row] = {
    "requests as described, SQLite": http_rows.requests_as_described,
    "requests as described, PostgreSQL": _on_postgresql(http_rows.requests_as_described),
    "odd values, SQLite": http_rows.odd_values,
    "odd values, PostgreSQL": _on_postgresql(http_rows.odd_values),
    "queries, SQLite": http_rows.queries,
    "queries, PostgreSQL": _on_postgresql(http_rows.queries),
    "forms": http_rows.forms,
    "raw HTTP": raw_rows.raw_http,
    "slow peers": raw_rows.slow_peers,
    "URLs, redirects, names": network_rows.urls,
    "mutated media": media_rows.mutated_media,
    "crafted media": media_rows.crafted_media,
    "mounted folders": folder_rows.names,
    "mounted folders, swapped meanwhile": folder_rows.race,
    "names of exports": text_rows.export_names,
    "recogniser": protocol_rows.recogniser,
    "hostile service": protocol_rows.hostile_service,
    "messages in Redis": redis_rows.messages,
    "terminal": text_rows.terminal,
    "tables": text_rows.tables_and_pages,
    "page of a comparison": text_rows.page,
}
