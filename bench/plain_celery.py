"""The plain way to do this with Celery, as a peer: a task a file, a process a task, pydub's `from_file`, one session.

Each task decodes its file whole, cuts it by `split_on_silence`, and sends the pieces one after another through a
session of its own. Nothing is stored but the text as the task's result.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from celery import Celery

from bench.protocol_clients import WebsocketClient
from bench.pydub_way import load_audio, pieces_of
from bench.report import ROOT
from tests.fixtures.redis import RedisServer

STOP_S = 20.0

app = Celery("plain", broker=os.environ.get("PLAIN_REDIS"), backend=os.environ.get("PLAIN_REDIS"))
app.conf.update(broker_connection_retry_on_startup=True)


@app.task  # type: ignore[untyped-decorator]  # Celery has no types
def transcribe(path: str) -> str:
    audio = load_audio(Path(path))
    session = WebsocketClient(os.environ["PLAIN_SERVICE"])
    texts = [session.say(piece.raw_data) for piece in pieces_of(audio)]
    session.close()
    return " ".join(texts)


@dataclass(frozen=True)
class PlainCelery:
    """A running worker with its processes."""

    process: psutil.Process

    def transcribe(self, paths: Sequence[Path]) -> list[str]:
        """A task a file; the texts when all are done."""
        results = [transcribe.delay(str(path)) for path in paths]
        return [result.get() for result in results]

    @property
    def processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextmanager
def running_celery(service_url: str, processes: int) -> Iterator[PlainCelery]:
    """A Redis and a worker of its own, ended with the block."""
    with tempfile.TemporaryDirectory(prefix="longhand-bench-") as folder:
        redis = RedisServer(Path(folder))
        redis.start()
        try:
            yield from _started(redis.url, service_url, processes)
        finally:
            redis.kill()


def _started(redis_url: str, service_url: str, processes: int) -> Iterator[PlainCelery]:
    environment = {**os.environ, "PLAIN_REDIS": redis_url, "PLAIN_SERVICE": service_url}
    options = ["--pool", "prefork", "--concurrency", str(processes), "--loglevel", "ERROR"]
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "celery",
        "--app",
        "bench.plain_celery",
        "--quiet",
        "worker",
        *options,
    ]
    app.conf.update(broker_url=redis_url, result_backend=redis_url)
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as worker:
        try:
            app.control.inspect(timeout=1)
            _wait_until_ready()
            yield PlainCelery(psutil.Process(worker.pid))
        finally:
            worker.terminate()
            worker.wait(STOP_S)
            app.close()


def _wait_until_ready() -> None:
    while not app.control.ping(timeout=0.5):
        pass
