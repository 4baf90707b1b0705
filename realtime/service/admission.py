"""Who gets a session of the local service: names, origins, keys, open and new sessions. Decides before the upgrade.

A browser asks nobody before it opens a WebSocket, on loopback no key is needed, and behind an engine may stand a key
that costs money: so it is the page's `Origin` and the name that it asks by which keep pages out.
"""

import hmac
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from realtime.hosts import HostRule, is_same_origin
from realtime.service.config import PATH, RecognizerConfig

HEALTH_PATH = "/healthz"


@dataclass(frozen=True)
class Refusal:
    """An HTTP answer in place of the upgrade."""

    status: HTTPStatus
    message: str
    retry_after_s: int | None = None


@dataclass(frozen=True)
class HandshakeHead:
    """What of a request's head is decided by: each header as often as it came."""

    path: str
    hosts: Sequence[str] = ()
    origins: Sequence[str] = ()
    authorizations: Sequence[str] = ()


class Admission:
    """The door. ``clock`` gives monotonic seconds."""

    def __init__(self, config: RecognizerConfig, clock: Callable[[], float]) -> None:
        self._hosts = HostRule(config.host, config.hosts)
        self._keys = [key.encode() for key in config.keys]
        self._max_sessions = config.max_sessions
        self._per_s = config.sessions_per_s
        self._clock = clock
        self._recent: deque[float] = deque()

    def decide(self, head: HandshakeHead, open_sessions: int) -> Refusal | None:
        """None where the client may come in; it counts as a new session then."""
        if (foreign := self.refuse_foreign(head)) is not None:
            return foreign
        if urlsplit(head.path).path.rstrip("/") != PATH:
            return Refusal(HTTPStatus.NOT_FOUND, f"The protocol is spoken at {PATH}.")
        if not self._knows(head.authorizations):
            return Refusal(HTTPStatus.UNAUTHORIZED, "The API key is missing or wrong, or there are several.")
        if open_sessions >= self._max_sessions:
            return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Too many sessions are open.", retry_after_s=5)
        if not self._take_turn():
            return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Requests rate limit exceeded", retry_after_s=1)
        return None

    def refuse_foreign(self, head: HandshakeHead) -> Refusal | None:
        """None where it is asked by a name of its own, and for no page of another origin; whatever the path."""
        if len(head.hosts) != 1 or not self._hosts.knows(head.hosts[0]):
            return Refusal(HTTPStatus.MISDIRECTED_REQUEST, "No service of this name is here.")
        if any(not is_same_origin(origin, head.hosts[0]) for origin in head.origins):
            return Refusal(HTTPStatus.FORBIDDEN, "A page of another origin asked for this.")
        return None

    def _knows(self, authorizations: Sequence[str]) -> bool:
        """Compares with every key in constant time: how long it takes says nothing about how close a guess was."""
        if len(authorizations) > 1:
            return False
        if not self._keys:
            return True
        scheme, _, key = "".join(authorizations).strip().partition(" ")
        given = key.strip().encode(errors="surrogateescape")
        matches = [hmac.compare_digest(known, given) for known in self._keys]
        return scheme.lower() == "bearer" and any(matches)

    def _take_turn(self) -> bool:
        now = self._clock()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= self._per_s:
            return False
        self._recent.append(now)
        return True
