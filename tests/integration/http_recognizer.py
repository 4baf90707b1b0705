"""A small HTTP recogniser on a free port, which keeps each request and answers as the test says."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request; ``parts`` of a multipart form by name, as (file name, content type, content)."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def parts(self) -> dict[str, tuple[str | None, str, bytes]]:
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.body)
        return {
            str(part.get_param("name", header="content-disposition")): (
                part.get_filename(),
                part.get_content_type(),
                bytes(part.get_payload(decode=True)),
            )
            for part in message.iter_parts()
        }


@dataclass(frozen=True)
class Reply:
    """What the recogniser says."""

    body: object
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class HttpRecognizer:
    """``reply`` makes the answer to the request of this number, from 0."""

    url: str
    reply: Callable[[int, Asked], Reply]
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def http_recognizer(reply: Callable[[int, Asked], Reply]) -> Iterator[HttpRecognizer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that http.server calls
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            recognizer.asked.append(asked)
            answer = recognizer.reply(len(recognizer.asked) - 1, asked)
            content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recognizer = HttpRecognizer(f"http://127.0.0.1:{server.server_port}", reply)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield recognizer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
