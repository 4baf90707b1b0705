"""Who runs the stack of a home: a lock that its `longhand up` holds, and `server.json`, which says where it is; and
the file `key`, whose key lets in who may read it.

The lock is the truth: the kernel drops it with the process. The file is written when the server answers.
"""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from api.cli.stack.private_home import LOCK
from worker.whole_files import write_whole

RECORD = "server.json"
KEY = "key"
TRIES = 10  # a reader holds the lock for an instant to look
START_S = 90.0


class HomeTaken(Exception):
    """Another process runs this home's stack."""


@dataclass(frozen=True)
class Server:
    """The content of `server.json`."""

    url: str
    pid: int
    started: str  # ISO 8601, UTC


@contextmanager
def own_home(home: Path) -> Iterator[None]:
    """Be the one stack of ``home``; raises HomeTaken. No record is left behind."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / LOCK).open("a") as lock:
        _take(lock)
        (home / RECORD).unlink(missing_ok=True)
        try:
            yield
        finally:
            (home / RECORD).unlink(missing_ok=True)


def announce(home: Path, server: Server) -> None:
    """Say where the stack answers."""
    write_whole(home / RECORD, json.dumps(asdict(server)).encode())


def running_server(home: Path, *, start_s: float = START_S) -> Server | None:
    """The home's running stack, waited for while it starts; None where there is none."""
    deadline = time.monotonic() + start_s
    while is_taken(home):
        found = read_server(home)
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)
    return None


def read_server(home: Path) -> Server | None:
    """What the record says, if there is one."""
    try:
        return Server(**json.loads((home / RECORD).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def read_key(path: Path) -> str | None:
    """The key in the file, if there is one that may be read."""
    try:
        return path.read_text().strip() or None
    except (OSError, ValueError):
        return None


def is_taken(home: Path) -> bool:
    """Whether a process holds the home's lock."""
    try:
        with (home / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, BlockingIOError) as error:
        return isinstance(error, BlockingIOError)
    return False


def _take(lock: IO[str]) -> None:
    for _ in range(TRIES):
        with suppress(BlockingIOError):
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # no child inherits it, as no file of Python's
        time.sleep(0.05)
    raise HomeTaken(lock.name)
