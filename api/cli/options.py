"""Options that several commands have, made of what declares them once."""

from typing import Annotated

import typer

from api.cli.option_groups import Declared, Given
from worker.shapes.declared import command_options
from worker.shapes.options import Use, job_options
from worker.shapes.selection import JobFields

SubmissionOptions = Annotated[Given, Declared(job_options())]
RetryOptions = Annotated[Given, Declared(job_options(Use.RETRY), last=("lane", "deadline", "fresh"))]
ArchiveDefaults = Annotated[Given, Declared(job_options(Use.ARCHIVE), first=("service",))]
# Which jobs `status`, `watch`, `cancel` and `retry` mean. `export` is about recordings, and has its own.
Ids = Annotated[list[str] | None, typer.Argument(help="Job ids; else the filters say which.", show_default=False)]
JobFilters = Annotated[Given, Declared(command_options(JobFields))]
