"""`longhand up`: the whole stack in the foreground, and the same for a while under another command."""

import os
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.configure import configured, unused_key
from api.cli.exits import CommandError, Exit, child_problem
from api.cli.output.printing import note, put
from api.cli.stack.embedded_redis import remove_socket
from api.cli.stack.home import KEY, HomeTaken, Server, announce, own_home, running_server
from api.cli.stack.plan import Plan, own_command, plan_stack
from api.cli.stack.ports import LOOPBACK, free_port, is_free
from api.cli.stack.private_home import close_home, only_owner
from api.cli.stack.recognizer import Engine, engine_model
from api.cli.stack.run import NoKeys, refuse_no_keys
from api.cli.stack.supervisor import Supervisor
from worker.settings import Settings

READY_S = 60.0


def up(
    *,
    port: Annotated[int, typer.Option(help="Where the API listens; 0 for any free port.", min=0, max=65535)] = 8080,
    host: Annotated[str, typer.Option(help="Address the API listens on.")] = LOOPBACK,
    workers: Annotated[int, typer.Option(help="Worker processes: as many as cores to feed.", min=1, max=64)] = 1,
    engine: Annotated[Engine, typer.Option(help="What the embedded local service answers with.")] = Engine.POCKETSPHINX,
    service: Annotated[str | None, typer.Option(help="Who recognises: local, intl, cn, or a configured name.")] = None,
    no_keys: NoKeys = False,
) -> int:
    """Run everything on this machine, in the foreground: Ctrl-C ends it.

    What is configured is used, what is not is embedded: SQLite, Redis and the local service. Each part is a process
    that is started again when it dies. A second `up` of the same home says where the first one is. The API asks for
    a key: one with every right is in the file `key` of the home, where this command line reads it.

        longhand up

        LONGHAND_SERVICE=intl LONGHAND_SERVICE_KEY=sk-… longhand up --workers 2
    """
    refuse_no_keys(host, no_keys=no_keys)
    settings = configured(service=service)
    close_home(settings.home, note)
    try:
        with only_owner(), own_home(settings.home):
            return _serve(settings, host=host, port=port, workers=workers, engine=engine, no_keys=no_keys)
    except HomeTaken:
        return _join(settings)


def _signals() -> list[int]:
    """Will have each SIGTERM, SIGINT and end of the terminal: the first ends the stack in order, the second at once.

    A plain list, because a handler may run while the main thread holds any lock.
    """
    caught: list[int] = []
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # under nohup it is to stay ignored
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, lambda number, _: caught.append(number))
    return caught


def _serve(settings: Settings, *, host: str, port: int, workers: int, engine: Engine, no_keys: bool) -> int:
    if port and not is_free(host, port):
        raise CommandError(f"Port {port} is in use: choose another with --port, or --port 0 for any free one.")
    signals = _signals()
    model = engine_model(engine, settings)
    port = port or free_port(host)
    plan = plan_stack(settings, host=host, port=port, workers=workers, engine=engine, model=model, no_keys=no_keys)
    key_file = None if no_keys else settings.home / KEY
    supervisor = Supervisor(settings.home / "logs", note)
    try:
        _start(plan, supervisor, key_file, lambda: bool(signals))
        if not signals:
            announce(settings.home, Server(plan.url, os.getpid(), datetime.now(UTC).isoformat(timespec="seconds")))
            _summary(settings, plan, key_file)
        supervisor.watch(lambda: bool(signals))
        note("Ending: workers finish the segments in flight (once more Ctrl-C ends at once).")
    finally:
        supervisor.end(lambda: len(signals) > 1)
        remove_socket(settings.home)
    return Exit.OK


def _start(plan: Plan, supervisor: Supervisor, key_file: Path | None, stopped: Callable[[], bool]) -> None:
    """Redis and migrations come first; then all at once, since that is quicker and each can wait for the others."""
    early = [supervisor.start(part) for part in plan.parts if part.name == "redis"]
    _migrate(plan, key_file)
    for child in early:
        supervisor.wait_ready(child, READY_S, stopped)
    for child in [supervisor.start(part) for part in plan.parts if part.name != "redis"]:
        supervisor.wait_ready(child, READY_S, stopped)


def _migrate(plan: Plan, key_file: Path | None) -> None:
    """The same process sees to the key: another one would take as long again."""
    command = own_command("migrate", *(["--key-file", str(key_file)] if key_file else []))
    environment = plan.environment
    done = subprocess.run(  # noqa: S603  # a command of our own, without a shell
        command, env=environment, capture_output=True, text=True, check=False, start_new_session=True
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it did not say why"]
        why = f"The database cannot be brought up to date: {lines[-1].removeprefix('longhand: ')}"
        raise child_problem(done.returncode, why)


def _join(settings: Settings) -> int:
    """One stack a home: say where it is."""
    server = running_server(settings.home)
    if server is None:
        raise CommandError(f"Another process holds {settings.home}, but its stack does not answer: end it first.")
    put(f"A stack of this home is already running at {server.url} (process {server.pid}); nothing to start.")
    return Exit.OK


def _summary(settings: Settings, plan: Plan, key_file: Path | None) -> None:
    put(f"Longhand is up at {plan.url}")
    put(f"  processes  {', '.join(part.name for part in plan.parts)}")
    put(f"  embedded   {', '.join([*plan.embedded, *([] if settings.database_url else ['SQLite'])]) or 'nothing'}")
    put(f"  service    {settings.service_url or settings.service}")
    put(f"  home       {settings.home} (logs in {settings.home / 'logs'})")
    put(f"  key        {key_file or 'none: everybody on this machine may do everything'}")
    put("  try        longhand transcribe RECORDING   (in another terminal)")
    if line := unused_key(settings):
        put(line)
