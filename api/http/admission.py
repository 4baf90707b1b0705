"""Before all routes: who asks by a name that is not this server's, for a page of another one, or with a body that ends
in two places, is refused.

Decided by the request's head alone, before a body is read, for reads as for writes. No answer ever bears a header that
would let another origin in: a page that has to ask first is refused by the 405 that OPTIONS gets.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders

from api.http.problems import ForeignOrigin, HostUnknown, problem_response
from realtime.hosts import HostRule, address_of, is_literal, is_same_origin
from worker.errors import InvalidRequest, RequestError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]  # names in small letters, as ASGI has them

# Load balancers probe by address. A page's name cannot be one, so nothing is given away.
PROBED = frozenset({"/healthz", "/readyz"})
OWN_SITES = frozenset({"same-origin", "none"})  # `none`: somebody wrote the address, or followed a bookmark
# Together they say in two ways where a body ends, and what lies between is a request to one server of a chain and none
# to the next (RFC 9112, 6.1).
LENGTHS = {b"content-length", b"transfer-encoding"}
# What every answer says: it is what it says it is, and no other origin embeds it or learns where its reader came from.
SEALED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def refusal(path: str, headers: Headers, hosts: HostRule) -> RequestError | None:
    """Why this request is refused; None where it may come in."""
    headers = list(headers)
    given = list(_values(headers, b"host"))
    if len(given) != 1 or not _is_known(path, given[0], hosts):
        return HostUnknown()
    if any(not is_same_origin(origin, given[0]) for origin in _values(headers, b"origin")):
        return ForeignOrigin()
    if any(site.strip().lower() not in OWN_SITES for site in _values(headers, b"sec-fetch-site")):
        return ForeignOrigin()
    if {name for name, _ in headers} >= LENGTHS:
        return InvalidRequest("The request has both a Content-Length and a Transfer-Encoding: send one of them.")
    return None


def _is_known(path: str, host: str, hosts: HostRule) -> bool:
    asked = address_of(host)
    return hosts.knows(host) or (path in PROBED and asked is not None and is_literal(asked.name))


def _values(headers: Headers, name: bytes) -> Iterator[str]:
    return (value.decode("latin-1") for given, value in headers if given == name)


class Admission:
    """The outermost layer of an application: refuses, and puts its headers on all that is answered, errors too."""

    def __init__(self, app: App, hosts: HostRule) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there is none: a WebSocket is closed before it is open
            await send({"type": "websocket.close"})
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message.get("headers", [])))
                for name, value in SEALED.items():
                    headers.setdefault(name, value)
                message = {**message, "headers": headers.raw}
            await send(message)

        refused = refusal(scope["path"], scope["headers"], self._hosts)
        if refused is None:
            await self._app(scope, receive, sealed)
        else:  # what there is of a body is not read
            await problem_response(refused, {"Connection": "close"})(scope, receive, sealed)
