"""`longhand archive source`, `sync` and `watch`: an archive that is filled from the same folder again and again."""

import time
from typing import Annotated

import typer

from api.cli.archive.import_lines import follow, import_line, note_problems
from api.cli.archive.options import (
    Copy,
    JobLane,
    JobLanguage,
    JobModel,
    JobService,
    JobVoice,
    Naming,
    Patterns,
    Sidecars,
    Transcribe,
    folder_ask,
    job_ask,
)
from api.cli.archive.rules import Name, show_archive
from api.cli.configure import configured
from api.cli.exits import Exit, UsageProblem
from api.cli.filters import AsJson
from api.cli.output.printing import note, put, put_json
from api.cli.target import open_client
from api.client import ApiProblem, ApiUnreachable, Client
from worker.states import ImportState

Settle = Annotated[
    float | None, typer.Option("--settle-s", min=0, help="Seconds a file must have been left alone; left out: 60.")
]


def source(
    name: Name,
    folder: Annotated[str | None, typer.Argument(help="mount://NAME/PATH or s3://bucket/prefix.")] = None,
    *,
    none: Annotated[bool, typer.Option("--none", help="Fill it from nowhere any more.")] = False,
    pattern: Patterns = None,
    naming: Naming = None,
    sidecars: Sidecars = False,
    copy: Copy = False,
    transcribe: Transcribe = False,
    language: JobLanguage = None,
    service: JobService = None,
    model: JobModel = None,
    lane: JobLane = None,
    voice: JobVoice = False,
    as_json: AsJson = False,
) -> int:
    """Name the folder or bucket that `sync` and `watch` fill an archive from. Naming another replaces it.

    longhand archive source radio mount://calls --naming '{recorded_at}/{external_id}.wav' --transcribe --lane bulk
    """
    options = {"language": language, "service": service, "model": model, "lane": lane, "voice": voice}
    jobs = job_ask(transcribe=transcribe, **options)
    if none == bool(folder):
        raise UsageProblem("Name one folder, or --none.")
    with open_client(configured()) as client:
        if folder:
            ask = folder_ask(folder, pattern, naming, sidecars=sidecars, copy=copy)
            saved = client.set_source(name, {**ask, "transcribe": jobs})
        else:
            saved = client.drop_source(name)
    show_archive(saved, as_json=as_json)
    return Exit.OK


def sync(name: Name, *, settle_s: Settle = None, as_json: AsJson = False) -> int:
    """List the archive's source again and take what is new and has stopped growing. Safe in cron, also twice at once.

    longhand archive sync radio
    """
    with open_client(configured()) as client:
        return _sync(client, name, settle_s, as_json=as_json)


def watch(
    name: Name,
    *,
    every_s: Annotated[float, typer.Option("--every-s", min=1, help="Seconds between two looks.")] = 60.0,
    settle_s: Settle = None,
    as_json: AsJson = False,
) -> int:
    """Do what `sync` does all the time, until Ctrl-C. A server that is away meanwhile is asked again at the next look.

    longhand archive watch radio --every-s 30
    """
    with open_client(configured()) as client:
        while True:
            look(client, name, settle_s, as_json=as_json)
            time.sleep(every_s)


def look(client: Client, name: str, settle_s: float | None = None, *, as_json: bool = False) -> None:
    """One look of a watch: a server that is away ends none. Raises ApiProblem where the next is refused too."""
    try:
        _sync(client, name, settle_s, as_json=as_json, quiet=True)
    except ApiUnreachable as error:
        note(f"{error}: the next look asks again.")
    except ApiProblem as problem:
        if not problem.passing:
            raise
        note(f"{problem.message} The next look asks again.")


def _sync(client: Client, name: str, settle_s: float | None, *, as_json: bool, quiet: bool = False) -> int:
    seen = follow(client, client.sync(name, settle_s), silent=as_json or quiet)
    failed = seen["refused"] or seen["status"] != ImportState.SUCCEEDED
    if seen["added"] or failed or not quiet:
        put_json(seen) if as_json else put(import_line(seen))
    if failed and not as_json:
        note_problems(client, seen)
    return Exit.SOME_FAILED if failed else Exit.OK
