"""The whole stack as real processes: `longhand up`, and behind a proxy a local service with the scripted engine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import psutil

from tests.acceptance.ledger import ServiceLog
from tests.acceptance.proxy import ServiceProxy, running_proxy
from tests.fixtures.redis import free_port

Found = TypeVar("Found")
START_S = 120.0
FLEET = {  # two processes of eight jobs, sixteen permits
    "LONGHAND_JOBS": "8",
    "LONGHAND_SESSIONS": "8",
    "LONGHAND_PERMITS": "16",
}
FAST = {  # the same machinery with shorter times, so that a run sees several leases
    "LONGHAND_LEASE_S": "12",
    "LONGHAND_RENEW_S": "0.5",
    "LONGHAND_SWEEP_S": "0.5",
}


@dataclass
class Stack:
    """One running stack; its parts are known by the word that stands in their command lines."""

    home: Path
    up: subprocess.Popen[bytes]
    proxy: ServiceProxy
    log: ServiceLog
    database_url: str
    url: str = ""

    def processes(self, kind: str) -> list[psutil.Process]:
        """The children of `up` in whose command line ``kind`` stands."""
        children = psutil.Process(self.up.pid).children(recursive=True)
        return [child for child in children if _is_of(child, kind)]

    def some_process(self, kind: str) -> psutil.Process:
        """One of them, the same each time while it lives; where it has just died, the one that follows it."""
        return wait_for(lambda: sorted(self.processes(kind), key=lambda process: process.pid), 60)[0]

    def kill(self, kind: str) -> None:
        """Kill -9 of every process of the kind."""
        for process in wait_for(lambda: self.processes(kind), 60):
            process.send_signal(signal.SIGKILL)

    @property
    def redis_port(self) -> int:
        """From the running server's title: ``redis-server 127.0.0.1:PORT``."""
        title = " ".join(self.some_process("redis").cmdline()).split()
        return int(next(word.rpartition(":")[2] for word in title if word.startswith("127.0.0.1:")))

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def logs(self) -> str:
        """The last lines of each part."""
        files = sorted((self.home / "logs").glob("*.log"))
        return "\n".join(f"{log.name}:\n{log.read_text(errors='replace')[-2000:]}" for log in files)


def _is_of(process: psutil.Process, kind: str) -> bool:
    try:
        words = process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False
    parts = [part for word in words for part in word.split()]  # redis-server writes its whole title into one word
    return any(part == kind or part.endswith(f"{kind}-server") for part in parts)


@contextmanager
def running_stack(
    folder: Path,
    database_url: str,
    *,
    workers: int = 2,
    options: tuple[str, ...] = (),
    settings: Mapping[str, str] | None = None,
) -> Iterator[Stack]:
    """Start it on free ports and take everything down afterwards, whatever happened. ``options`` are the service's."""
    with running_service(folder, options) as (log, port), running_proxy(port) as proxy:
        environment = {
            **os.environ,
            **FLEET,
            **(FAST if settings is None else settings),
            "LONGHAND_HOME": str(folder / "home"),
            "LONGHAND_DATABASE_URL": database_url,
            "LONGHAND_LOCAL_URL": f"ws://127.0.0.1:{proxy.port}/api-ws/v1/realtime",
            "LONGHAND_MODEL": "scripted",
        }
        with (
            (folder / "up.log").open("wb") as output,
            _process(["up", "--port", "0", "--workers", str(workers)], output, environment) as up,
        ):
            stack = Stack(folder / "home", up, proxy, ServiceLog(log), database_url)
            stack.url = wait_for(lambda: _announced(stack.home, up, folder / "up.log"), START_S)
            yield stack


@contextmanager
def running_service(folder: Path, options: tuple[str, ...]) -> Iterator[tuple[Path, int]]:
    """A local service with the scripted engine; its log, and its port."""
    folder.mkdir(exist_ok=True)
    log, port = folder / "service.jsonl", free_port()
    command = ["recognizer", "--port", str(port), "--engine", "scripted", "--log", str(log), *options]
    with (folder / "recognizer.log").open("wb") as output, _process(command, output, dict(os.environ)):
        yield log, port


@contextmanager
def _process(words: list[str], output: object, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", *words],
        env=environment,
        stdout=output,  # type: ignore[call-overload]  # an open file
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """In order, and otherwise after a while."""
    process.terminate()
    try:
        process.wait(timeout=90)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _announced(home: Path, up: subprocess.Popen[bytes], log: Path) -> str:
    assert up.poll() is None, f"`longhand up` ended:\n{log.read_text()[-2000:]}"
    record = home / "server.json"
    return str(json.loads(record.read_text())["url"]) if record.exists() else ""


def wait_for(look: Callable[[], Found], timeout_s: float, *, each_s: float = 0.1) -> Found:
    """What ``look`` found, once it finds something true."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {look}"
        time.sleep(each_s)
    return found
