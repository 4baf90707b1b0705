"""`longhand archive …`: rules of archives, and filling them."""

import typer

from api.cli.archive import imports, rules, sync
from api.cli.options import Command

COMMANDS: dict[str, Command] = {
    "set": rules.set_archive,
    "show": rules.show,
    "list": rules.list_archives,
    "import": imports.import_recordings,
    "imports": imports.list_imports,
    "problems": imports.problems,
    "stop": imports.stop_import,
    "source": sync.source,
    "sync": sync.sync,
    "watch": sync.watch,
}

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


for name, command in COMMANDS.items():
    app.command(name)(command)
