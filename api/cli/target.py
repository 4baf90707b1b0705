"""Which server a command talks to: LONGHAND_URL, else the home's running stack, else one brought up for the while."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import wraps
from inspect import signature
from typing import Any
from urllib.parse import urlsplit

from api.cli.configure import configured, unused_key
from api.cli.exits import CommandError, ServerUnreachable, UsageProblem, child_problem
from api.cli.options import grouped, shown_as
from api.cli.output.printing import note
from api.cli.stack.home import KEY, Server, read_key, read_server, running_server
from api.cli.stack.log_tail import LogTail
from api.cli.stack.plan import own_command
from api.cli.stack.private_home import close_home, only_owner
from api.cli.stack.recognizer import Engine
from api.cli.stack.supervisor import start_tied
from api.client import Client
from api.client.transport import ApiUnreachable
from worker.settings import Settings, child_environment

START_S = 120.0
END_S = 100.0  # over the longest grace of a part


def with_client(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """The command for Typer: its options in groups, its ``client`` one of `open_client`, open until it ends."""

    def run(**options: Any) -> int | None:  # noqa: ANN401  # options have many types
        with open_client() as client:
            return command(client=client, **options)

    parameters = [one for name, one in signature(command, eval_str=True).parameters.items() if name != "client"]
    return grouped(shown_as(wraps(command)(run), parameters))


@contextmanager
def open_client(engine: Engine | None = None) -> Iterator[Client]:
    """The configured server or the home's running stack; where there is neither, a stack of its own with ``engine``.

    Raises ServerUnreachable where that is None.
    """
    settings = configured()
    running = None if settings.url else running_server(settings.home)
    with ExitStack() as stack:
        url = running.url if running else settings.url
        if not url:
            if engine is None:
                raise ServerUnreachable("No server is running: start `longhand up`, or set LONGHAND_URL to one.")
            note("No server is running: one is brought up for the while.")
            url = stack.enter_context(own_stack(settings, engine)).url
        yield stack.enter_context(client_of(settings, url))


@contextmanager
def own_stack(settings: Settings, engine: Engine, changes: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A whole `longhand up` as a child on a free port, ended in order afterwards; it dies with this process.

    ``changes`` are settings that it gets in place of the environment's.
    """
    if line := unused_key(settings):
        note(line)
    close_home(settings.home, note)
    with only_owner():
        log = LogTail(settings.home / "logs" / "up.log")
    command = own_command("up", "--port", "0", "--engine", engine)
    up = start_tied(command, child_environment(settings, **(changes or {})), log)
    try:
        yield _announced(settings, up, log)
    finally:
        up.terminate()
        up.wait(END_S)


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


@contextmanager
def client_of(settings: Settings, url: str) -> Iterator[Client]:
    """A client of a server that has answered, with its key; raises UsageProblem or ServerUnreachable."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise UsageProblem("LONGHAND_URL must be an http:// or https:// URL.")
    with Client(url, _key_of(settings, url)) as client:
        try:
            client.check()
        except ApiUnreachable as error:
            raise ServerUnreachable(f"{error}: look at LONGHAND_URL, and whether `longhand up` runs there.") from error
        yield client


def _key_of(settings: Settings, url: str) -> str | None:
    """LONGHAND_API_KEY is for LONGHAND_URL; the home's stack has its own key in the home, however it was named.

    Raises UsageProblem where the key would be sent for others to read.
    """
    if settings.url and settings.api_key:
        if not settings.may_send_key(url):
            raise UsageProblem(
                "LONGHAND_API_KEY would be sent without TLS: give an https:// URL in LONGHAND_URL, or name its host in "
                "LONGHAND_ALLOW_PLAINTEXT_KEYS."
            )
        return settings.api_key.get_secret_value()
    running = running_server(settings.home, start_s=0)
    return read_key(settings.home / KEY) if running and running.url == url.rstrip("/") else None
