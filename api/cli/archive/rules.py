"""`longhand archive …`: what an archive's recordings are given where nobody asks for anything else."""

from typing import Annotated, Any

import typer

from api.cli.configure import configured
from api.cli.exits import Exit
from api.cli.filters import AsJson
from api.cli.output.printing import note, put, put_json
from api.cli.spec_options import ChannelLabelsOption
from api.cli.target import open_client
from worker.states import Channels

Name = Annotated[str, typer.Argument(metavar="NAME", help="The archive's name.")]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def archive() -> None:
    """Set archives up, and fill them: defaults for their jobs, where their recordings may go, and where they are from.

    \b
    longhand archive set court --allow local --language en
    longhand archive import court mount://calls/2024 --naming '{recorded_at}/{external_id}.wav'
    longhand archive source court mount://calls --transcribe --lane bulk
    longhand archive sync court
    """


@app.command("set")
def set_archive(
    name: Name,
    *,
    service: Annotated[str | None, typer.Option(help="For jobs that name none.")] = None,
    language: Annotated[str | None, typer.Option(help="For jobs that name none.")] = None,
    channels: Annotated[Channels | None, typer.Option(help="For jobs that do not say.")] = None,
    channel_labels: ChannelLabelsOption = None,
    allow: Annotated[list[str] | None, typer.Option(help="A service that its recordings may go to.")] = None,
    as_json: AsJson = False,
) -> int:
    """Set an archive up, or change all of its rules: what is left out is not kept.

    --allow may be given several times. Without it the recordings may go to every service.
    """
    rules: dict[str, Any] = {"service": service, "language": language, "channels": channels, "services": allow or []}
    rules["channel_labels"] = channel_labels or {}
    with open_client(configured()) as client:
        show_archive(client.save_archive(name, rules), as_json=as_json)
    return Exit.OK


@app.command()
def show(name: Name, *, as_json: AsJson = False) -> int:
    """Show one archive's rules."""
    with open_client(configured()) as client:
        show_archive(client.archive(name), as_json=as_json)
    return Exit.OK


@app.command("list")
def list_archives(*, as_json: AsJson = False) -> int:
    """Show the archives that were set up, the newest first."""
    with open_client(configured()) as client:
        found = list(client.archives())
    for one in found:
        show_archive(one, as_json=as_json)
    if not found and not as_json:
        note("No archive was set up: `longhand archive set NAME` does that.")
    return Exit.OK


def show_archive(archive: dict[str, Any], *, as_json: bool) -> None:
    """One archive in one line."""
    put_json(archive) if as_json else put(_line(archive))


def _line(archive: dict[str, Any]) -> str:
    defaults = [f"{name} {archive[name]}" for name in ("service", "language", "channels") if archive[name]]
    allowed = f"only to {', '.join(archive['services'])}" if archive["services"] else "to every service"
    filled = [f"filled from {archive['sync']['folder']}"] if archive["sync"] else []
    return f"{archive['name']}: {', '.join([*defaults, allowed, *filled])}"
