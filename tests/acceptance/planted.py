"""Processes of ours that end themselves at a planted place, as if by kill -9.

A place is a commit or an outside call, before or after it: ``before commit of answered#2`` is the second such commit
that the process comes to. It is planted by wrapping what our code calls; the code itself knows nothing of it.

The processes are forked from a server that has imported everything: a hundred starts would take minutes otherwise.
"""

import functools
import multiprocessing
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any

from kombu.message import Message
from redis import Redis
from sqlalchemy import orm

from realtime.client import connection

STATUS = 77  # how such a process ends
OURS = ("worker.", "api.")
WRAPPERS = {"writing"}  # commit for whoever uses them: it is the user that names the place
ONE_AT_A_TIME = threading.Lock()  # starting a process also asks after all others, and a status can be read once only


class Trap:
    """Counts how often each place is passed; safe to use from many threads."""

    def __init__(self, place: str, trace: str) -> None:
        name, _, number = place.partition("#")
        self._place, self._number = name, int(number or 1)
        self._trace = trace
        self._passed: Counter[str] = Counter()
        self._lock = threading.Lock()

    def pass_by(self, place: str) -> None:
        with self._lock:
            self._passed[place] += 1
            if self._trace:
                with Path(self._trace).open("a") as file:
                    file.write(f"{place}#{self._passed[place]}\n")
            if place == self._place and self._passed[place] == self._number:
                os._exit(STATUS)

    def around(self, owner: Any, attribute: str, name: Callable[..., str]) -> None:  # noqa: ANN401  # a class
        """Make ``owner.attribute`` pass two places, before and after; ``name`` gets the call's arguments."""
        real = getattr(owner, attribute)

        @functools.wraps(real)
        def wrapped(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # any call
            called = name(*args, **kwargs)
            self.pass_by(f"before {called}")
            answer = real(*args, **kwargs)
            self.pass_by(f"after {called}")
            return answer

        setattr(owner, attribute, wrapped)


def plant(trap: Trap) -> None:
    """Wrap every commit and every outside call."""
    trap.around(orm.Session, "commit", lambda *_: f"commit of {_verb()}")
    trap.around(Redis, "execute_command", lambda _redis, command, *_, **__: f"redis {command.lower()}")
    trap.around(Message, "ack", lambda *_, **__: "message ack")
    trap.around(subprocess.Popen, "__init__", lambda *_, **__: "child start")
    trap.around(Path, "replace", lambda *_: "rename of media")
    trap.around(connection.Connection, "open", lambda *_: "session open")
    trap.around(connection.Connection, "send", lambda _connection, frame: f"frame {_kind(frame)}")
    trap.around(connection.Session, "submit", lambda *_, **__: "session submit")
    trap.around(connection.Session, "finish", lambda *_: "session finish")


def _verb() -> str:
    """The function of ours that the commit belongs to: the innermost public one."""
    frame: FrameType | None = sys._getframe(2)  # the only way to look up the stack without its source
    while frame is not None:
        name = frame.f_code.co_name
        if (
            frame.f_globals.get("__name__", "").startswith(OURS)
            and not name.startswith(("_", "<"))
            and name not in WRAPPERS
        ):
            return name
        frame = frame.f_back
    return "nobody"


def _kind(frame: str) -> str:
    """The event's type, from the head of its JSON: append, commit, update, finish."""
    return frame[:200].partition('"type":"')[2].partition('"')[0].rpartition(".")[2]


def start(*words: str, environment: Mapping[str, str], log: Path, place: str = "", trace: str = "") -> BaseProcess:
    """Start ``longhand WORDS`` with this place planted; ``trace`` is a file that gets each place it comes by."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["pytest", "api.cli", "api.app", "worker.processes.tasks", "worker.processes.dispatcher", __name__]
    )
    process = context.Process(target=_become, args=(words, dict(environment), str(log), place, trace))
    with ONE_AT_A_TIME:
        process.start()
    return process


def exit_code(process: BaseProcess, within_s: float) -> int | None:
    """How it ended; None where it still runs after so long."""
    wait([process.sentinel], within_s)
    with ONE_AT_A_TIME:
        return process.exitcode


def _become(words: tuple[str, ...], environment: dict[str, str], log: str, place: str, trace: str) -> None:
    from api.cli import main  # noqa: PLC0415  # tests that only talk to a process need not load it

    os.environ.update(environment)
    with Path(log).open("ab") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    plant(Trap(place, trace))
    sys.exit(main(list(words)))
