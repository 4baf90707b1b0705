"""Which server a command talks to: LONGHAND_URL, else the home's running stack, else one brought up for the while."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from api.cli.configure import unused_key
from api.cli.exits import CommandError, ServerUnreachable, UsageProblem, child_problem
from api.cli.output.printing import note
from api.cli.stack import parent_death
from api.cli.stack.engines import Engine
from api.cli.stack.home import Server, read_server, running_server
from api.cli.stack.logtail import LogTail
from api.cli.stack.plan import own_command
from api.client import ApiUnreachable, Client
from worker.settings import Settings, child_environment

START_S = 120.0
END_S = 100.0  # over the longest grace of a part


@contextmanager
def open_client(settings: Settings) -> Iterator[Client]:
    """The configured server or the home's running stack; raises ServerUnreachable where there is neither."""
    url = settings.url or _running(settings)
    if url is None:
        raise ServerUnreachable("No server is running: start `longhand up`, or set LONGHAND_URL to one.")
    with client_of(settings, url) as client:
        yield client


@contextmanager
def open_or_start(settings: Settings, engine: Engine) -> Iterator[Client]:
    """As `open_client`, but with a stack of its own where none runs."""
    url = settings.url or _running(settings)
    if url is not None:
        with client_of(settings, url) as client:
            yield client
        return
    note("No server is running: one is brought up for the while.")
    with own_stack(settings, engine) as server, client_of(settings, server.url) as client:
        yield client


@contextmanager
def own_stack(settings: Settings, engine: Engine, changes: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A whole `longhand up` as a child on a free port, ended in order afterwards; it dies with this process.

    ``changes`` are settings that it gets in place of the environment's.
    """
    if line := unused_key(settings):
        note(line)
    log = LogTail(settings.home / "logs" / "up.log")
    up = _start(child_environment(settings, **(changes or {})), engine, log)
    try:
        yield _announced(settings, up, log)
    finally:
        up.terminate()
        up.wait(END_S)


def _start(environment: dict[str, str], engine: Engine, log: LogTail) -> subprocess.Popen[bytes]:
    command = own_command("up", "--port", "0", "--engine", engine)
    with log.path.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  # a command of our own, without a shell
            [sys.executable, "-I", "-S", str(Path(parent_death.__file__)), str(os.getpid()), *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _announced(settings: Settings, up: subprocess.Popen[bytes], log: LogTail) -> Server:
    """Wait until it says where it is; raises CommandError with its last words where it ends instead."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        server = read_server(settings.home)
        if server and server.pid == up.pid:
            return server
        if up.poll() == 0 and (another := running_server(settings.home)):  # it was quicker by a moment
            return another
        if up.poll() is not None:
            raise child_problem(up.returncode, f"{log.last_line().removeprefix('longhand: ')} (its log: {log.path})")
        time.sleep(0.1)
    raise CommandError(f"The stack was not up after {START_S:g} s: look at {log.path.parent}")


def _running(settings: Settings) -> str | None:
    server = running_server(settings.home)
    return server.url if server else None


@contextmanager
def client_of(settings: Settings, url: str) -> Iterator[Client]:
    """A client of a server that has answered; raises UsageProblem or ServerUnreachable."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise UsageProblem("LONGHAND_URL must be an http:// or https:// URL.")
    key = settings.api_key.get_secret_value() if settings.api_key else None
    with Client(url, key) as client:
        try:
            client.check()
        except ApiUnreachable as error:
            raise ServerUnreachable(f"{error}: look at LONGHAND_URL, and whether `longhand up` runs there.") from error
        yield client
