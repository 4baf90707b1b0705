"""Who gets a session of the local service: keys, open sessions, new sessions a second. Decides before the upgrade."""

import hmac
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from realtime.service.config import PATH, RecognizerConfig

HEALTH_PATH = "/healthz"


@dataclass(frozen=True)
class Refusal:
    """An HTTP answer in place of the upgrade."""

    status: HTTPStatus
    message: str
    retry_after_s: int | None = None


class Admission:
    """The door. ``clock`` gives monotonic seconds."""

    def __init__(self, config: RecognizerConfig, clock: Callable[[], float]) -> None:
        self._keys = [key.encode() for key in config.keys]
        self._max_sessions = config.max_sessions
        self._per_s = config.sessions_per_s
        self._clock = clock
        self._recent: deque[float] = deque()

    def decide(self, path: str, authorization: str | None, open_sessions: int) -> Refusal | None:
        """None where the client may come in; it counts as a new session then."""
        if urlsplit(path).path.rstrip("/") != PATH:
            return Refusal(HTTPStatus.NOT_FOUND, f"The protocol is spoken at {PATH}.")
        if not self._knows(authorization or ""):
            return Refusal(HTTPStatus.UNAUTHORIZED, "The API key is missing or wrong.")
        if open_sessions >= self._max_sessions:
            return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Too many sessions are open.", retry_after_s=5)
        if not self._take_turn():
            return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Requests rate limit exceeded", retry_after_s=1)
        return None

    def _knows(self, authorization: str) -> bool:
        """Compares with every key in constant time: how long it takes says nothing about how close a guess was."""
        if not self._keys:
            return True
        scheme, _, key = authorization.strip().partition(" ")
        matches = [hmac.compare_digest(known, key.strip().encode()) for known in self._keys]
        return scheme.lower() == "bearer" and any(matches)

    def _take_turn(self) -> bool:
        now = self._clock()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= self._per_s:
            return False
        self._recent.append(now)
        return True
