"""A dispatcher's own small door: whether it lives, and when it did its last round."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from worker import keys
from worker.database import DATABASE_AWAY, Database
from worker.errors import KeyMissing
from worker.states import KeyScope

LATE_S = 30.0  # a round takes a second and is tried again after another


class Pulse:
    """When the last round was done; read by other threads."""

    def __init__(self, late_s: float = LATE_S) -> None:
        self._late_s = late_s
        self._at: float | None = None

    def beat(self) -> None:
        self._at = time.monotonic()

    @property
    def age_s(self) -> float | None:
        """Seconds since the last round; None before the first."""
        return None if self._at is None else round(time.monotonic() - self._at, 1)

    @property
    def is_late(self) -> bool:
        return self.age_s is None or self.age_s > self._late_s


@contextmanager
def answering(pulse: Pulse, host: str, port: int, database: Database | None = None) -> Iterator[int]:
    """Serve `/healthz` and `/readyz` for the block's duration; the port, also where 0 was asked for.

    With a database the details want a key of it with the scope `metrics`; without that they are shown to everybody.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            may_see = database is None or _may_see(database, self.headers.get_all("Authorization", []))
            status, body = _answer(self.path, pulse, details=may_see)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            """A probe every few seconds is no news."""

    with ThreadingHTTPServer((host, port), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, name="readiness", daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _may_see(database: Database, given: list[str]) -> bool:
    try:
        key = keys.find_valid(database, keys.bearer(given))
    except KeyMissing:
        return False
    except DATABASE_AWAY:
        return False
    return key is not None and key.allows(KeyScope.METRICS)


def _answer(path: str, pulse: Pulse, *, details: bool = True) -> tuple[int, dict[str, Any]]:
    if path == "/healthz":
        return 200, {"status": "ok"}
    if path == "/readyz":
        state = "late" if pulse.is_late else "ready"
        more = {"last_round_s": pulse.age_s} if details else {}
        return 503 if pulse.is_late else 200, {"status": state, **more}
    return 404, {"status": "there are /healthz and /readyz here"}
