"""Which page of a list, from the query."""

from typing import Annotated

from fastapi import Depends, Query

from worker.views.pages import DEFAULT_LIMIT, MAX_LIMIT, Window


def _from_query(
    limit: Annotated[int, Query(description=f"Items a page, 1 to {MAX_LIMIT}.")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> Window:
    return Window.of(limit, cursor)


WindowQuery = Annotated[Window, Depends(_from_query)]
