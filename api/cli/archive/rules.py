"""`longhand archive set`, `show`, `list`: what an archive's jobs are given where nobody says it."""

from typing import Annotated

import typer

from api.cli.options import ArchiveDefaults
from api.cli.output.printing import Output
from api.cli.target import with_client
from api.client import Client
from worker.shapes.archives import Archive

Name = Annotated[str, typer.Argument(metavar="NAME", help="The archive's name.")]


@with_client
def set_archive(
    client: Client,
    name: Name,
    *,
    defaults: ArchiveDefaults,
    allow: Annotated[list[str] | None, typer.Option(help="A service that its recordings may go to.")] = None,
    out: Output,
) -> None:
    """Set an archive up, or change all of its rules: what is left out is not kept.

    --allow may be given several times. Without it the recordings may go to every service.
    """
    show_archive(client.save_archive(name, {**defaults, "services": allow or []}), out)


@with_client
def show(client: Client, name: Name, *, out: Output) -> None:
    """Show one archive's rules."""
    show_archive(client.archive(name), out)


@with_client
def list_archives(*, client: Client, out: Output) -> None:
    """Show the archives that were set up, the newest first."""
    archives = list(client.archives())
    for archive in archives:
        show_archive(archive, out)
    if not archives:
        out.note("No archive was set up: `longhand archive set NAME` does that.")


def show_archive(archive: Archive, out: Output) -> None:
    rules = {"service": archive.service, "language": archive.language, "channels": archive.channels}
    defaults = [f"{name} {value}" for name, value in rules.items() if value]
    allowed = f"only to {', '.join(archive.services)}" if archive.services else "to every service"
    filled = [f"filled from {archive.sync.folder}"] if archive.sync else []
    out.item(archive, f"{archive.name}: {', '.join([*defaults, allowed, *filled])}")
