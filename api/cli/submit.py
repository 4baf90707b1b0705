"""`longhand submit`: recordings in, job ids out; nobody waits."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.budget import warn_of_budgets
from api.cli.exits import Exit, UsageProblem
from api.cli.manifest import submit_manifest
from api.cli.options import SubmissionOptions, grouped
from api.cli.output.printing import Output
from api.cli.sources import Source, find_sources
from api.cli.target import open_client
from api.cli.uploads import SentFile, send, uploaded
from api.client import Client
from worker.errors import SourceMissing
from worker.media.urls import SOURCES
from worker.shapes.jobs import SubmittedJob
from worker.shapes.options import DEFAULT_ARCHIVE


@grouped
def submit(
    *,
    what: Annotated[
        list[str] | None, typer.Argument(metavar="PATH|DIR|URL…", help="What to submit.", show_default=False)
    ] = None,
    manifest: Annotated[
        str | None, typer.Option(metavar="FILE", help="JSON lines or CSV with a URL a line; - for stdin.")
    ] = None,
    options: SubmissionOptions,
    batch: Annotated[str | None, typer.Option(help="Id of a batch to add to; left out: a new one.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would send and cost; send nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line for each job, for machines.")] = False,
) -> int:
    """Submit recordings as one batch and return at once; `longhand watch --batch ID` follows them.

    A recording that was submitted before with the same options gives the job that exists.

        longhand submit recordings/ --archive radio

        longhand submit https://example.org/talk.mp3 --language en

        longhand submit --manifest calls.jsonl --lane bulk
    """
    out = Output(as_json=as_json)
    if bool(what) == bool(manifest) or (manifest and batch):
        raise UsageProblem("Name what to submit, or one --manifest, which is a batch of its own.")
    if manifest:
        return submit_manifest(manifest, options, out, dry_run=dry_run)
    words = what or []
    urls = [word for word in words if is_url(word)]
    sources, missing = find_sources(Path(word) for word in words if not is_url(word))
    if dry_run:
        from api.cli.dry_run import say_dry_run  # noqa: PLC0415  # it decodes: every other command would wait

        return say_dry_run(sources, [shown_url(url) for url in urls], missing, options, out)
    for one in missing:
        out.problem({"file": str(one.path)}, SourceMissing.code, one.message)
    failed = bool(missing)
    if sources or urls:
        with open_client() as client:
            options["batch"] = batch or client.new_batch()
            for name, sent in _send(client, sources, urls, options):
                failed |= sent.answer is None
                _show(name, sent, out)
            warn_of_budgets(client, options.get("archive", DEFAULT_ARCHIVE))
        out.note(f"Batch {options['batch']}: follow it with `longhand watch --batch {options['batch']}`.")
    return Exit.SOME_FAILED if failed else Exit.OK


def is_url(word: str) -> bool:
    """Whether the server is to find it: a source in place, or one that it fetches."""
    scheme, separator, _ = word.partition("://")
    return bool(separator) and scheme in SOURCES


def _send(
    client: Client, sources: list[Source], urls: list[str], options: Mapping[str, Any]
) -> Iterator[tuple[str, SentFile[Any, SubmittedJob]]]:
    """Each with its name for people, as it is done."""
    for number, url in enumerate(urls):
        yield shown_url(url), send(number, url, lambda url: client.submit_url(url, options))
    for sent in uploaded(lambda source: client.submit_file(source.path, options), sources):
        yield str(sent.file.path), sent


def _show(name: str, sent: SentFile[Any, SubmittedJob], out: Output) -> None:
    if job := sent.answer:
        line = f"{job.id}  {'existing, ' if job.existing else ''}{job.status}  {name}"
        out.item({"file": name, "existing": job.existing, **job.as_json()}, line)
    else:
        out.problem({"file": name}, sent.code, sent.problem)


def shown_url(url: str) -> str:
    """Without its query and its user: they may carry a signature or a password."""
    shown = url.partition("?")[0].partition("#")[0]
    scheme, _, rest = shown.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
