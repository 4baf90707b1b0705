"""Archives' rules as one request first saw them: its thousand items are not a thousand queries."""

from functools import lru_cache

from api.http.dependencies import Door
from worker.archive_rules import Rules, rules_of

MOST = 1000  # a manifest whose rows all name an archive of their own must not fill the memory


class SeenRules:
    """For one request."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.of = lru_cache(MOST)(self._read)

    def _read(self, archive: str) -> Rules:
        with self._door.database.reading() as session:
            return rules_of(session, archive)
