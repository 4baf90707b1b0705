"""Queries: which page of a list, and nothing that their route does not know."""

from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from itertools import chain
from typing import Annotated

from fastapi import Depends, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from worker.errors import InvalidRequest
from worker.views.pages import DEFAULT_LIMIT, MAX_LIMIT, PageRequest


def _from_query(
    limit: Annotated[int, Query(description=f"Items a page, 1 to {MAX_LIMIT}.")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> PageRequest:
    return PageRequest.parse(limit, cursor)


PageQuery = Annotated[PageRequest, Depends(_from_query)]


async def storable_address(request: Request) -> None:
    """Raises InvalidRequest for a path or a query with a NUL, which no row has and PostgreSQL cannot look for."""
    parts = chain([request.scope["path"]], *request.query_params.multi_items())
    if any("\0" in part for part in parts):
        raise InvalidRequest("The path or the query holds a character that cannot be stored: %00.")


async def known_query(request: Request) -> None:
    """Raises InvalidRequest that names an unknown parameter, and the one that may have been meant.

    A misspelt filter would answer for everything.
    """
    if request.method != "GET" or not request.query_params:
        return
    known = _parameters(request.scope["route"])
    for name in request.query_params:
        if name not in known:
            raise InvalidRequest(_sentence(name, known))


def _parameters(route: APIRoute) -> frozenset[str]:
    fields = get_flat_params(route.dependant)
    return frozenset(field.alias for field in fields if isinstance(field.field_info, Query))


def _sentence(name: str, known: AbstractSet[str]) -> str:
    near = get_close_matches(name[:50], known, n=1)
    meant = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(sorted(known)) or 'none'}."
    return f"The query has an unknown parameter {name[:50]!r}. {meant}"
