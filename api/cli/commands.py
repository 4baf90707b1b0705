"""The table of commands."""

from typing import Annotated

import typer

from api.cli import (
    archive,
    budget,
    campaigns,
    cancel_retry,
    demo,
    export,
    keys,
    probe,
    search,
    status,
    submit,
    transcribe,
    usage,
    versions,
)
from api.cli.options import Command
from api.cli.output.printing import put
from api.cli.stack import recognizer, run, up
from api.cli.stack.private_home import in_private
from worker.version import VERSION

EXIT_CODES = (
    "Exit codes: 0 all succeeded, 1 some failed, 2 usage, 3 the service refuses (key, bill, model), "
    "4 the server cannot be reached."
)

app = typer.Typer(
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(given: bool) -> None:
    if given:
        put(VERSION)
        raise typer.Exit


@app.callback()
def longhand(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Recordings to transcripts: a queue of jobs over real-time speech recognition.

    \b
    longhand transcribe talk.mp3                 one recording, here and now
    longhand up                                  the whole stack on this machine
    longhand submit recordings/ --archive radio  many, for the stack that runs
    longhand watch                               follow them

    Which server: LONGHAND_URL, else the stack of this home that `longhand up` runs.
    """


JOBS = (transcribe.transcribe, submit.submit, status.status, status.watch, cancel_retry.cancel, cancel_retry.retry)
RESULTS = (export.export, search.search, usage.usage)
PROCESSES: tuple[Command, ...] = (run.api, run.worker, run.dispatcher, recognizer.recognizer, run.migrate)

for command in (up.up, *JOBS, *RESULTS, probe.probe, demo.demo):
    app.command()(command)
app.add_typer(archive.app, name="archive")
app.add_typer(budget.app, name="budget")
app.add_typer(versions.app, name="versions")
app.add_typer(campaigns.app, name="reprocess")
app.add_typer(keys.app, name="key")
for command in PROCESSES:
    app.command(rich_help_panel="One process each, for production")(in_private(command))
