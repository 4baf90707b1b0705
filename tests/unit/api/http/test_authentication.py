"""Which token a request brings, and that each route names one scope."""

import pytest
from fastapi.routing import APIRoute

from api.app import ROUTES
from api.http.authentication import Authentication
from worker.errors import KeyMissing
from worker.keys import bearer
from worker.states import KeyScope

OPEN = {"/healthz", "/readyz", "/docs", "/docs/start.js", "/redoc"}
READS = {"GET"}
WRITES = {
    "submit": KeyScope.SUBMIT,
    "jobs": KeyScope.SUBMIT,
    "imports": KeyScope.SUBMIT,
    "campaigns": KeyScope.CAMPAIGN,
    "reviews": KeyScope.CORRECT,
    "transcripts": KeyScope.CORRECT,
    "spending": KeyScope.BUDGETS,
}


def routes() -> list[tuple[str, APIRoute]]:
    """All of them, each with the name of its module."""
    return [
        (module.__name__.rpartition(".")[2], route)
        for module in ROUTES
        for route in module.router.routes
        if isinstance(route, APIRoute)
    ]


def scopes(route: APIRoute) -> list[str]:
    return [
        scope
        for one in route.dependant.dependencies
        if isinstance(one.call, Authentication)
        for scope in one.own_oauth_scopes or []
    ]


@pytest.mark.parametrize(("module", "route"), routes(), ids=lambda one: getattr(one, "path", one))
def test_each_route_names_one_scope_or_is_known_to_be_open(module: str, route: APIRoute) -> None:
    named = scopes(route)
    if route.path in OPEN:
        assert named == []
    else:
        assert len(named) == 1
        assert named[0] in set(KeyScope)
        if route.methods == READS and route.path != "/metrics":
            assert named == [KeyScope.READ]
        if route.methods != READS and module in WRITES:
            assert named == [WRITES[module]]


@pytest.mark.parametrize("given", [["Bearer t"], ["bearer t"], ["BEARER   t  "]])
def test_a_bearer_token_is_taken_whatever_case_its_scheme_has(given: list[str]) -> None:
    assert bearer(given) == "t"


@pytest.mark.parametrize(
    "given",
    [[], [""], ["Bearer"], ["Bearer "], ["Basic dTpw"], ["t"], ["Bearer t", "Bearer t"], ["Bearer t", "Basic x"]],
)
def test_no_header_another_scheme_and_several_headers_are_no_token(given: list[str]) -> None:
    with pytest.raises(KeyMissing):
        bearer(given)
