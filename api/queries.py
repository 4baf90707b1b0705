"""A query says nothing that its route does not know: a misspelt filter would answer for everything."""

from collections.abc import Set as AbstractSet
from difflib import get_close_matches

from fastapi import Request

from worker.errors import InvalidRequest


def known_query(request: Request) -> None:
    """Raises InvalidRequest that names the parameter, and the one that may have been meant."""
    if request.method != "GET" or not request.query_params:
        return
    described = request.app.openapi()["paths"][request.scope["route"].path_format]["get"]
    known = {each["name"] for each in described.get("parameters", ()) if each["in"] == "query"}
    for name in request.query_params:
        if name not in known:
            raise InvalidRequest(_sentence(name, known))


def _sentence(name: str, known: AbstractSet[str]) -> str:
    near = get_close_matches(name, known, n=1)
    meant = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(sorted(known)) or 'none'}."
    return f"The query has an unknown parameter {name[:50]!r}. {meant}"
