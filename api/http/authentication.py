"""Who asks: the one key of a request, and whether it has the scope that the route names.

A route names its scope once, as ``dependencies=[READ]``. It is asked before anything of the body is read. The key's id
is in every log line of the request, its secret in none.
"""

from typing import Annotated

import structlog
from fastapi import Depends, Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from api.http.dependencies import Deps
from api.http.key_lookup import KeyLookup
from worker.errors import KeyUnknown, ScopeMissing
from worker.keys import Key, bearer
from worker.states import KeyScope

HEADER = "authorization"


class Authentication(SecurityBase):
    """A dependency with one scope. Raises KeyMissing, KeyUnknown, ScopeMissing and what the database raises."""

    def __init__(self) -> None:
        self.model = HTTPBearer(description="A key of `longhand up` or `longhand key create`.")
        self.scheme_name = "key"

    async def __call__(self, request: Request, wanted: SecurityScopes, deps: Deps) -> None:
        if deps.keys is None:  # everybody may
            return
        key = await _key_of(request, deps.keys)
        for scope in map(KeyScope, wanted.scopes):
            if not key.allows(scope):
                raise ScopeMissing(f"The key {key.id} has not the scope {scope}.")


authentication = Authentication()
READ = Security(authentication, scopes=[KeyScope.READ])
SUBMIT = Security(authentication, scopes=[KeyScope.SUBMIT])
CORRECT = Security(authentication, scopes=[KeyScope.CORRECT])
CAMPAIGN = Security(authentication, scopes=[KeyScope.CAMPAIGN])
BUDGETS = Security(authentication, scopes=[KeyScope.BUDGETS])
METRICS = Security(authentication, scopes=[KeyScope.METRICS])
ADMIN = Security(authentication, scopes=[KeyScope.ADMIN])


async def _sees_details(request: Request, deps: Deps) -> bool:
    """For a route that is open: whether the asker may see more than a stranger. Raises KeyUnknown."""
    if deps.keys is None:
        return True
    if not request.headers.getlist(HEADER):
        return False
    return (await _key_of(request, deps.keys)).allows(KeyScope.METRICS)


SeesDetails = Annotated[bool, Depends(_sees_details)]


async def _key_of(request: Request, keys: KeyLookup) -> Key:
    key = await keys.find(bearer(request.headers.getlist(HEADER)))
    if key is None:
        raise KeyUnknown
    structlog.contextvars.bind_contextvars(key=key.id)
    return key
