"""A whole stack for a benchmark: `longhand up`, over a local service of its own that is told how to answer."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from sqlalchemy import func, select

from api.cli.stack.home import KEY, read_key
from api.client import Client
from tests.fixtures.command_line import UpStack, running_up
from tests.fixtures.door_keys import key_of_home
from tests.fixtures.recognizer_process import recognizer_process
from worker.database import Database
from worker.models import Job
from worker.states import ENDED, JobState


@dataclass(frozen=True)
class Stack:
    """``folder`` is there for recordings and is removed at the end; ``database`` is for looking only.

    ``url`` and ``service`` are the local service's.
    """

    folder: Path
    up: UpStack
    client: Client
    database: Database
    url: str
    service: psutil.Process

    def parts(self, name: str) -> list[psutil.Process]:
        """The stack's processes in whose command line this word stands."""
        return [child for child in psutil.Process(self.up.process.pid).children() if name in child.cmdline()]

    def cpu_s(self, name: str) -> float:
        """Processor time of these parts so far, with that of their children: a worker's ffmpegs."""
        return sum(cpu_s_of(part) for part in self.parts(name))

    def http(self) -> httpx.Client:
        """What the command line has no command for."""
        return httpx.Client(base_url=self.up.server.url, headers=key_of_home(self.up.home), timeout=60, trust_env=False)

    def submit(self, paths: Iterable[Path], **options: str) -> list[str]:
        """Submit one after another; the jobs' ids."""
        return [self.client.submit_file(path, options).id for path in paths]

    def ended(self) -> dict[str, int]:
        """How many jobs have ended, by state."""
        counted = select(Job.status, func.count()).where(Job.status.in_(ENDED)).group_by(Job.status)
        with self.database.reading() as session:
            return dict(session.execute(counted).tuples().all())

    def wait_for_jobs(self, count: int, every_s: float = 0.1) -> None:
        """Until so many jobs have ended; raises SystemExit where one has not succeeded."""
        until(lambda: sum(self.ended().values()) >= count, every_s)
        if bad := {status: many for status, many in self.ended().items() if status != JobState.SUCCEEDED}:
            raise SystemExit(f"not all jobs succeeded: {bad}")


@contextmanager
def running_stack(*, workers: int = 1, answers: dict[str, object] | None = None, **settings: object) -> Iterator[Stack]:
    """``answers`` are fields of RecognizerConfig, ``settings`` are names of settings without their prefix."""
    told = {"sessions_per_s": 1000.0, **(answers or {})}
    with tempfile.TemporaryDirectory(prefix="longhand-bench-") as name, recognizer_process(**told) as (url, service):
        home = Path(name) / "home"
        named = {key: str(value) for key, value in {"local_url": url, "model": "scripted", **settings}.items()}
        with (
            running_up(home, "--workers", str(workers), **named) as up,
            Client(up.server.url, read_key(home / KEY)) as client,
        ):
            database = Database(named.get("database_url") or f"sqlite:///{home / 'longhand.db'}")
            yield Stack(Path(name), up, client, database, url, service)
            database.close()


def until(condition: Callable[[], object], every_s: float = 0.05) -> None:
    while not condition():
        time.sleep(every_s)


def cpu_s_of(process: psutil.Process) -> float:
    """Processor time so far of a process and all its children, also of those that have ended."""
    used = process.cpu_times()
    ended = used.user + used.system + used.children_user + used.children_system
    return float(ended) + sum(cpu_s_of(child) for child in process.children())
