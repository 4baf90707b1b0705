"""Which jobs a command means: the options that `status`, `watch`, `cancel` and `retry` share.

`export` has its own: it is about recordings, and of an archive it takes the current versions.
"""

from typing import Annotated

import typer

from worker.states import JobState

Ids = Annotated[list[str] | None, typer.Argument(help="Job ids; else the filters say which.", show_default=False)]
Batch = Annotated[str | None, typer.Option(help="Jobs of this batch.", show_default=False)]
ArchiveFilter = Annotated[str | None, typer.Option("--archive", help="Jobs of this archive.", show_default=False)]
Status = Annotated[JobState | None, typer.Option(help="Jobs in this state.", show_default=False)]
Code = Annotated[str | None, typer.Option(help="Jobs with this error code.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines, for machines.")]


def filters(batch: str | None, archive: str | None, status: JobState | None, code: str | None) -> dict[str, str]:
    """As the API's query takes them; what was left out is not sent."""
    asked = {"batch": batch, "archive": archive, "status": status, "code": code}
    return {name: str(value) for name, value in asked.items() if value}
