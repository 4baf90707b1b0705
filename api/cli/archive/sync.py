"""`longhand archive source`, `sync` and `watch`: an archive that is filled from the same folder again and again."""

from typing import Annotated

import typer

from api.cli.archive.import_lines import show_import
from api.cli.archive.options import FolderOptions, SyncedJobs
from api.cli.archive.rules import Name, show_archive
from api.cli.exits import Exit, UsageProblem, heed_interrupts
from api.cli.options import grouped
from api.cli.output.printing import Output, note
from api.cli.polling import follow
from api.cli.target import open_client, with_client
from api.client import Client
from api.client.transport import ApiProblem, ApiUnreachable

Settle = Annotated[
    float | None, typer.Option("--settle-s", min=0, help="Seconds a file must have been left alone; left out: 60.")
]


@grouped
def source(
    name: Name,
    folder: Annotated[str | None, typer.Argument(help="mount://NAME/PATH or s3://bucket/prefix.")] = None,
    *,
    none: Annotated[bool, typer.Option("--none", help="Fill it from nowhere any more.")] = False,
    files: FolderOptions,
    jobs: SyncedJobs,
    out: Output,
) -> None:
    """Name the folder or bucket that `sync` and `watch` fill an archive from. Naming another replaces it.

    longhand archive source radio mount://calls --naming '{recorded_at}/{external_id}.wav' --transcribe --lane bulk
    """
    options = files.options(jobs)
    if none == bool(folder):
        raise UsageProblem("Name one folder, or --none.")
    with open_client() as client:
        saved = client.set_source(name, files.source(folder, options)) if folder else client.drop_source(name)
    show_archive(saved, out)


@with_client
def sync(client: Client, name: Name, *, settle_s: Settle = None, out: Output) -> int:
    """List the archive's source again and take what is new and has stopped growing. Safe in cron, also twice at once.

    longhand archive sync radio
    """
    return Exit.SOME_FAILED if show_import(client, client.sync(name, settle_s), out, wait=True) else Exit.OK


@with_client
def watch(
    client: Client,
    name: Name,
    *,
    every_s: Annotated[float, typer.Option("--every-s", min=1, help="Seconds between two looks.")] = 60.0,
    settle_s: Settle = None,
    out: Output,
) -> None:
    """Do what `sync` does all the time, until Ctrl-C. A server that is away meanwhile is asked again at the next look.

    longhand archive watch radio --every-s 30
    """
    heed_interrupts()
    follow(lambda: look(client, name, settle_s, out), lambda _: False, round_s=every_s)


def look(client: Client, name: str, settle_s: float | None, out: Output) -> None:
    """One look of a watch: a server that is away ends none. Raises ApiProblem where the next is refused too."""
    try:
        show_import(client, client.sync(name, settle_s), out, wait=True, quiet=True)
    except ApiUnreachable as error:
        note(f"{error}: the next look asks again.")
    except ApiProblem as problem:
        if not problem.passing:
            raise
        note(f"{problem.message} The next look asks again.")
