"""The options of `longhand archive import` and `source`: where recordings are, and what is done with them."""

from typing import Annotated, Any

import typer

from api.cli.exits import UsageProblem
from worker.states import Channels, Lane, Segmentation

PLACES = ("mount://", "s3://")

Patterns = Annotated[
    list[str] | None,
    typer.Option(
        "--pattern", metavar="GLOB", help="Files that are meant, such as '*.wav'; may be given several times."
    ),
]
Naming = Annotated[
    str | None,
    typer.Option(metavar="PATTERN", help="What stands in the names: '{recorded_at}/{agent}_{external_id}.wav'."),
]
Sidecars = Annotated[bool, typer.Option("--sidecars", help="Read call.json beside call.wav.")]
Copy = Annotated[bool, typer.Option("--copy", help="Copy the bytes to the media store; else they stay where they are.")]
Transcribe = Annotated[bool, typer.Option("--transcribe", help="Make a job for each: without it nothing is spent.")]
JobLanguage = Annotated[str | None, typer.Option("--language", help="Of the jobs; left out: the recording's own.")]
JobService = Annotated[str | None, typer.Option("--service", help="Of the jobs; left out: the archive's.")]
JobModel = Annotated[str | None, typer.Option("--model", help="Of the jobs; left out: the service's own.")]
JobChannels = Annotated[Channels | None, typer.Option("--channels", help="Of the jobs; left out: the archive's.")]
JobSegmentation = Annotated[Segmentation | None, typer.Option("--segmentation", help="Of the jobs.")]
JobLane = Annotated[Lane | None, typer.Option("--lane", help="Of the jobs; left out: normal.")]
JobVoice = Annotated[bool, typer.Option("--voice", help="Leave out music and noise.")]
ImportId = Annotated[str, typer.Argument(metavar="IMPORT", help="The import's id.")]


def is_place(source: str) -> bool:
    """Whether it is a folder or a prefix that the server lists."""
    return source.startswith(PLACES)


def folder_ask(
    folder: str, patterns: list[str] | None, naming: str | None, *, sidecars: bool, copy: bool
) -> dict[str, Any]:
    """A folder as the API takes it."""
    return {"folder": folder, "patterns": patterns or [], "naming": naming, "sidecars": sidecars, "copy": copy}


def job_ask(*, transcribe: bool, **options: object) -> dict[str, Any] | None:
    """Options of the jobs as the API takes them; None where there will be none. Raises UsageProblem."""
    given = {name: value for name, value in options.items() if value not in {None, False}}
    if given and not transcribe:
        raise UsageProblem(f"--{min(given)} is an option of the jobs: it goes with --transcribe.")
    return {name: value if value is True else str(value) for name, value in given.items()} if transcribe else None
