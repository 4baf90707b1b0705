"""An HTTP server that answers with what a test has laid out: what our own server does only when it is in trouble."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]


@dataclass
class StubServer:
    """``answers`` are given in turn for a path, the last one for ever; ``seen`` is what was asked."""

    answers: dict[str, list[Answer]]
    url: str = ""
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)

    def answer(self, path: str) -> Answer:
        turns = self.answers.get(path, [(404, {"code": "not_found", "detail": "nothing here"})])
        return turns.pop(0) if len(turns) > 1 else turns[0]


@contextmanager
def stub_server(answers: dict[str, list[Answer]], port: int = 0) -> Iterator[StubServer]:
    stub = StubServer(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            stub.seen.append((self.command, self.path, self.headers.get("Idempotency-Key")))
            status, body = stub.answer(self.path.partition("?")[0])
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815  # the base class's way to name them

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
