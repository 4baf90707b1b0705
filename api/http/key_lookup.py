"""Keys as a process of the API knows them: asked of the database, and remembered for a second."""

import asyncio
import hashlib
import time
from dataclasses import dataclass

import structlog
from anyio import CapacityLimiter, to_thread

from worker.database import DATABASE_AWAY, Database
from worker.keys import Key, find_valid, is_key, note_use

FRESH_S = 1.0  # so long a key that was revoked is still let in
REMEMBERED = 1_000
# Looks at the database have threads of their own: who has no key cannot hold those that answer everybody else.
LOOKS_AT_ONCE = 4

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Found:
    key: Key
    until_s: float


class KeyLookup:
    """Used by one event loop. What is remembered is found by a digest, so that no secret is compared byte by byte."""

    def __init__(self, database: Database, *, fresh_s: float = FRESH_S) -> None:
        self._database = database
        self._fresh_s = fresh_s
        self._found: dict[bytes, _Found] = {}
        self._looks = CapacityLimiter(LOOKS_AT_ONCE)
        self._noting: asyncio.Task[None] | None = None

    async def find(self, text: str) -> Key | None:
        """The key of this text, if it holds, or held a second ago. Raises what the database raises."""
        if not is_key(text):
            return None
        digest = hashlib.sha256(text.encode()).digest()
        known = self._found.get(digest)
        if known is not None and time.monotonic() < known.until_s:
            return known.key
        self._found.pop(digest, None)
        key = await to_thread.run_sync(find_valid, self._database, text, limiter=self._looks)
        if key is not None:
            self._remember(digest, key)
        return key

    def _remember(self, digest: bytes, key: Key) -> None:
        if len(self._found) >= REMEMBERED:
            self._found.clear()
        self._found[digest] = _Found(key, time.monotonic() + self._fresh_s)
        if key.is_stale and (self._noting is None or self._noting.done()):
            self._noting = asyncio.create_task(self._note(key.id))

    async def _note(self, key_id: str) -> None:
        """No request waits for this: on SQLite it may have to wait for another writer."""
        try:
            await to_thread.run_sync(note_use, self._database, key_id)
        except DATABASE_AWAY as error:
            log.warning("that a key was used could not be kept", key=key_id, error=type(error).__name__)
