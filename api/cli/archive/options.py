"""The options of `longhand archive import` and `source`: where recordings are, and what is done with them."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import typer

from api.cli.exits import UsageProblem
from api.cli.options import DeclaredOptions, Given
from worker.shapes.options import Use, job_options

in_order = partial(DeclaredOptions, first=("language", "service", "model"), last=("voice",))
ImportedJobs = Annotated[Given, in_order(job_options(Use.IMPORT))]
SyncedJobs = Annotated[Given, in_order(job_options(Use.IMPORT), without=("channels", "segmentation"))]


@dataclass(frozen=True, kw_only=True)
class FolderOptions:
    """What is taken of a folder, and how it says what it is."""

    pattern: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Files that are meant, such as '*.wav'; may be given several times."),
    ] = None
    naming: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="What stands in the names: '{recorded_at}/{agent}_{external_id}.wav'."),
    ] = None
    sidecars: Annotated[bool, typer.Option("--sidecars", help="Read call.json beside call.wav.")] = False
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the bytes to the media store; else they stay where they are.")
    ] = False
    transcribe: Annotated[
        bool, typer.Option("--transcribe", help="Make a job for each: without it nothing is spent.")
    ] = False

    def source(self, folder: str, options: Given | None) -> dict[str, Any]:
        """A folder as the API takes it, with the options of its jobs."""
        files = {"patterns": self.pattern or [], "naming": self.naming, "sidecars": self.sidecars, "copy": self.copy}
        return {"folder": folder, **files, "transcribe": options}

    def options(self, given: Given) -> Given | None:
        """Those of the jobs; None where there will be none. Raises UsageProblem."""
        if given and not self.transcribe:
            raise UsageProblem(f"--{min(given)} is an option of the jobs: it goes with --transcribe.")
        return given if self.transcribe else None
