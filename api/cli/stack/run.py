"""One process each, for production: what a supervisor of the operator's own starts.

Their modules are imported when they run: the others' would cost each command a second.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.configure import configured
from api.cli.exits import UsageProblem
from api.cli.output.printing import put
from api.cli.stack.ports import LOOPBACK
from realtime.hosts import is_loopback
from worker.logs import configure_logging
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.processes.readiness import Pulse

NoKeys = Annotated[
    bool, typer.Option("--no-keys", help="Let everybody do everything who reaches this; on loopback only.")
]
HELD_S = 3  # for polls that are held open when the API ends


def api(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = LOOPBACK,
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8080,
    no_keys: NoKeys = False,
) -> None:
    """Run the HTTP API. It asks for keys: `longhand key create` makes the first.

    LONGHAND_DATABASE_URL=postgresql+psycopg://… LONGHAND_REDIS_URL=redis://… longhand api --host 0.0.0.0
    """
    refuse_no_keys(host, no_keys=no_keys)
    settings = _with_redis(configured())
    from api.app import make_app  # noqa: PLC0415  # see the module's docstring
    from api.cli.stack.first_keys import look_for_keys  # noqa: PLC0415  # see the module's docstring
    from api.http.serving import make_server  # noqa: PLC0415  # see the module's docstring

    configure_logging()
    if not no_keys:
        look_for_keys(settings, host)
    app = make_app(settings, host=host, ending=lambda: server.should_exit, no_keys=no_keys)
    server = make_server(app, host, port, grace_s=HELD_S)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again after it has ended in good order
        server.run()


def worker(
    jobs: Annotated[int | None, typer.Option(help="Jobs worked on at once.", show_default=False)] = None,
    sessions: Annotated[int | None, typer.Option(help="Sessions kept with the service.", show_default=False)] = None,
    pace: Annotated[
        float | None,
        typer.Option(help="Multiple of real time at which audio is sent; 0: no limit.", show_default=False),
    ] = None,
) -> int:
    """Run one worker process: it works on many jobs at once and exits in good order on SIGTERM.

    longhand worker --jobs 16
    """
    settings = _with_redis(configured(jobs=jobs, sessions=sessions, pace=pace))
    from worker.processes.tasks import run_worker  # noqa: PLC0415  # see the module's docstring

    return run_worker(settings) or 0


def dispatcher(
    sweep_s: Annotated[
        float | None, typer.Option(help="Seconds between looks for expired leases.", show_default=False)
    ] = None,
    host: Annotated[str, typer.Option(help="Address of its own /readyz.")] = LOOPBACK,
    port: Annotated[
        int | None, typer.Option(help="Port of its own /readyz; left out: none.", min=1, max=65535, show_default=False)
    ] = None,
) -> None:
    """Run the loop beside the workers: it sends wake-ups, frees the jobs of vanished workers, and imports.

    One is enough; a second one does no harm.

        longhand dispatcher --port 8081
    """
    settings = _with_redis(configured(sweep_s=sweep_s))
    from worker.processes.dispatcher import run_dispatcher  # noqa: PLC0415  # see the module's docstring
    from worker.processes.readiness import Pulse  # noqa: PLC0415  # see the module's docstring

    pulse = Pulse()
    with _door(settings, pulse, host, port) if port else contextlib.nullcontext():
        run_dispatcher(settings, _stop_event(), pulse)


@contextlib.contextmanager
def _door(settings: Settings, pulse: "Pulse", host: str, port: int) -> Iterator[None]:
    """Off loopback it shows details to keys of the scope `metrics` alone, and there must be a key."""
    from api.cli.stack.first_keys import look_for_keys  # noqa: PLC0415  # see the module's docstring
    from worker.database import Database  # noqa: PLC0415  # see the module's docstring
    from worker.processes.readiness import answering  # noqa: PLC0415  # see the module's docstring

    if is_loopback(host):
        with answering(pulse, host, port):
            yield
    else:
        look_for_keys(settings, host)
        with (
            contextlib.closing(Database(settings.resolved_database_url, pool_size=1)) as database,
            answering(pulse, host, port, database),
        ):
            yield


def migrate(
    key_file: Annotated[
        Path | None,
        typer.Option(help="Keep a key with every right in this file: its own, or a new one.", show_default=False),
    ] = None,
) -> None:
    """Bring the database up to date; safe to run again.

    LONGHAND_DATABASE_URL=postgresql+psycopg://… longhand migrate
    """
    settings = configured()
    from api.cli.stack.first_keys import database_errors, keep_key_in  # noqa: PLC0415  # see the module's docstring
    from migrations import upgrade  # noqa: PLC0415  # see the module's docstring

    with database_errors():
        upgrade(settings.resolved_database_url)
    put("The database is up to date.")
    if key_file is not None:
        keep_key_in(key_file, settings)


def refuse_no_keys(host: str, *, no_keys: bool) -> None:
    """Raises UsageProblem where everybody could come who is on the network."""
    if no_keys and not is_loopback(host):
        raise UsageProblem(f"--no-keys is for loopback: on {host} anybody could come. Leave it out, or --host.")


def _with_redis(settings: Settings) -> Settings:
    if not settings.redis_url:
        raise UsageProblem("LONGHAND_REDIS_URL is not set: set it, or run `longhand up`, which brings a Redis.")
    return settings


def _stop_event() -> threading.Event:
    """Set by SIGTERM and SIGINT, from a thread: the handler may interrupt the main thread inside the event's lock."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=stop.set, daemon=True).start())
    return stop
