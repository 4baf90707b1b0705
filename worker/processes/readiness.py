"""A dispatcher's own small door: whether it lives, and when it did its last round."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

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
def answering(pulse: Pulse, host: str, port: int) -> Iterator[int]:
    """Serve `/healthz` and `/readyz` for the block's duration; the port, also where 0 was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = _answer(self.path, pulse)
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


def _answer(path: str, pulse: Pulse) -> tuple[int, dict[str, Any]]:
    if path == "/healthz":
        return 200, {"status": "ok"}
    if path == "/readyz":
        state = "late" if pulse.is_late else "ready"
        return 503 if pulse.is_late else 200, {"status": state, "last_round_s": pulse.age_s}
    return 404, {"status": "there are /healthz and /readyz here"}
