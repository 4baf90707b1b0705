"""`longhand archive import`, `imports`, `problems` and `stop`: filling an archive, once."""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.archive.import_lines import estimate_lines, import_line, problem_line, show_import
from api.cli.archive.local_uploads import LocalUpload, expect_local, find_local, size_of
from api.cli.archive.options import FolderOptions, ImportedJobs
from api.cli.archive.rules import Name
from api.cli.exits import Exit, UsageProblem
from api.cli.manifest import count_lines, opened, streamed
from api.cli.options import Given, grouped
from api.cli.output.printing import Output, put
from api.cli.output.progress import counting
from api.cli.sources import Source
from api.cli.target import open_client, with_client
from api.cli.uploads import uploaded
from api.client import Client
from worker.imports.estimate import COSTS, NO_LENGTH
from worker.media.urls import BUCKET, MOUNT
from worker.shapes.archives import Import

LISTED = (f"{MOUNT}://", f"{BUCKET}://")  # folders and prefixes that the server lists
ImportId = Annotated[str, typer.Argument(metavar="IMPORT", help="The import's id.")]


@grouped
def import_recordings(
    name: Name,
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE…", help="mount:// or s3:// folders, or files and folders here."),
    ] = None,
    *,
    manifest: Annotated[
        str | None, typer.Option(metavar="FILE", help="JSON lines or CSV with a URL a row; - for stdin.")
    ] = None,
    files: FolderOptions,
    jobs: ImportedJobs,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken, and take nothing.")] = False,
    wait: Annotated[
        bool | None, typer.Option("--wait/--no-wait", help="Follow it to its end; on a terminal that is so anyway.")
    ] = None,
    out: Output,
) -> int:
    """Fill an archive. Nothing is transcribed, and nothing spent, without --transcribe.

    Mounted folders and buckets are read by the server, in the background; files and folders here are uploaded. The same
    again adds only what is new. Rows that cannot be used stop no other: `longhand archive problems IMPORT` lists them.

        longhand archive import radio mount://calls/2024 --naming '{recorded_at}/{agent}_{external_id}.wav' --sidecars

        longhand archive import radio s3://bucket/2024 --copy --transcribe --lane bulk

        longhand archive import radio --manifest calls.csv

        longhand archive import radio recordings/
    """
    options = files.options(jobs)
    if bool(sources) == bool(manifest):
        raise UsageProblem("Name what to import, or one --manifest.")
    listed = [files.source(source, options) for source in sources or [] if source.startswith(LISTED)]
    here = [Path(source) for source in sources or [] if not source.startswith(LISTED)]
    local = find_local(here, files.pattern or [])
    if local and options is not None:
        raise UsageProblem(f"Files of this machine are transcribed by `longhand submit PATH --archive {name}`.")
    with open_client() as client:
        if dry_run:
            _expect(client, name, listed, local, manifest, out=out)
            return Exit.OK
        failed = _upload(LocalUpload(client, name, files.naming, files.sidecars), local, out)
        begun = [partial(client.begin_import, name, source) for source in listed]
        if manifest:
            begun.append(partial(_send, client, name, manifest, options, copy=files.copy, silent=out.as_json))
        for begin in begun:
            failed |= show_import(client, begin(), out, wait=sys.stderr.isatty() if wait is None else wait)
    return Exit.SOME_FAILED if failed else Exit.OK


def _expect(
    client: Client, name: str, listed: list[dict[str, Any]], local: list[Source], manifest: str | None, *, out: Output
) -> None:
    estimates = [client.estimate_import(name, source) for source in listed]
    if local:
        estimates.append(expect_local(local).view())
    for one in estimates:
        out.item(one, estimate_lines(one))
        out.note("Nothing was taken.")
    if manifest:  # a URL says nothing of its recording's length before it is fetched
        rows = count_lines(manifest)
        out.item({"rows": rows, **dict.fromkeys(COSTS), "unknown": NO_LENGTH}, f"{rows:,} lines. {NO_LENGTH}")
        out.note("Nothing was taken.")


def _upload(upload: LocalUpload, local: list[Source], out: Output) -> bool:
    """Upload files of this machine; whether something could not be used."""
    sizes = [size_of(file) for file in local]
    done = added = refused = 0
    with counting("sent", sum(sizes), silent=out.as_json or not local, of_bytes=True) as count:
        for sent in uploaded(upload.send, local):
            done += sizes[sent.number]
            count(done)
            recording, is_new = sent.answer or (None, False)
            error = {"code": sent.code, "message": sent.problem} if sent.code else None
            added += is_new
            refused += error is not None
            out.item({"file": str(sent.file.path), "recording": recording, "added": is_new, "error": error}, [])
            if error:
                out.note(f"{sent.file.path}: {sent.code}: {sent.problem}")
    if local and not out.as_json:
        put(f"{added:,} added, {len(local) - added:,} others, {len(local):,} in all")
    return bool(refused)


def _send(client: Client, name: str, manifest: str, options: Given | None, *, copy: bool, silent: bool) -> Import:
    query: dict[str, Any] = {"copy": copy, "name": Path(manifest).name}
    if options is not None:
        query["transcribe"] = json.dumps(options)
    with opened(manifest) as file:
        return streamed(file, lambda body, kind: client.import_manifest(name, body, kind, query), silent=silent)


@with_client
def list_imports(client: Client, name: Name, *, out: Output) -> None:
    """Show an archive's imports, the newest first."""
    for one in client.imports(name):
        out.item(one, import_line(one))


@with_client
def problems(client: Client, import_id: ImportId, *, out: Output) -> None:
    """Show the rows of an import that could not be used: line, name, and what is wrong."""
    for problem in client.import_problems(import_id):
        out.item(problem, problem_line(problem))


@with_client
def stop_import(client: Client, import_id: ImportId, *, out: Output) -> None:
    """Stop an import; what it has kept stays."""
    stopped = client.cancel_import(import_id)
    out.item(stopped, import_line(stopped))
