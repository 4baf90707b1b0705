"""`longhand archive import`, `imports`, `problems` and `stop`: filling an archive, once."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.archive.import_lines import estimate_lines, follow_import, import_line, note_problems, problem_line
from api.cli.archive.local_uploads import LocalUpload, UploadedRecording, expect_local, find_local, size_of
from api.cli.archive.options import FolderOptions, ImportedJobs
from api.cli.archive.rules import Name
from api.cli.exits import Exit, UsageProblem
from api.cli.manifest import count_lines, opened, streamed
from api.cli.options import Given, grouped
from api.cli.output.printing import Output, note, put, put_json
from api.cli.output.progress import counting
from api.cli.sources import Source
from api.cli.target import open_client, with_client
from api.cli.uploads import SentFile, uploaded
from api.client import Client
from worker.imports.estimate import COSTS, NO_LENGTH
from worker.media.urls import BUCKET, MOUNT
from worker.shapes.archives import Import
from worker.states import ImportState

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
        filling = ImportCommand(client, name, out, wait=sys.stderr.isatty() if wait is None else wait)
        if dry_run:
            filling.expect(listed, local, manifest)
            return Exit.OK
        filling.upload(local, files)
        for source in listed:
            filling.follow(client.begin_import(name, source))
        if manifest:
            filling.follow(filling.send(manifest, options, copy=files.copy))
    return Exit.SOME_FAILED if filling.failed else Exit.OK


@dataclass
class ImportCommand:
    """One command's work at one archive; ``failed``: something could not be used."""

    client: Client
    archive: str
    out: Output
    wait: bool
    failed: bool = False

    def expect(self, listed: list[dict[str, Any]], local: list[Source], manifest: str | None) -> None:
        """Say what would be taken."""
        estimates = [self.client.estimate_import(self.archive, source) for source in listed]
        if local:
            estimates.append(expect_local(local).view())
        for one in estimates:
            self.out.item(one, estimate_lines(one))
            self.out.note("Nothing was taken.")
        if manifest:  # a URL says nothing of its recording's length before it is fetched
            rows = count_lines(manifest)
            self.out.item({"rows": rows, **dict.fromkeys(COSTS), "unknown": NO_LENGTH}, f"{rows:,} lines. {NO_LENGTH}")
            self.out.note("Nothing was taken.")

    def upload(self, local: list[Source], files: FolderOptions) -> None:
        """Upload files of this machine."""
        if not local:
            return
        upload = LocalUpload(self.client, self.archive, files.naming, files.sidecars)
        sizes = [size_of(file) for file in local]
        done, added = 0, 0
        with counting("sent", sum(sizes), silent=self.out.as_json, of_bytes=True) as count:
            for sent in uploaded(upload.send, local):
                done += sizes[sent.number]
                added += sent.answer is not None and sent.answer.added
                count(done)
                self._show(sent)
        if not self.out.as_json:
            put(f"{added:,} added, {len(local) - added:,} others, {len(local):,} in all")

    def send(self, manifest: str, options: Given | None, *, copy: bool) -> Import:
        """Send a manifest; the import that was begun."""
        query: dict[str, Any] = {"copy": copy, "name": Path(manifest).name}
        if options is not None:
            query["transcribe"] = json.dumps(options)
        with opened(manifest) as file:
            return streamed(
                file,
                lambda body, kind: self.client.import_manifest(self.archive, body, kind, query),
                silent=self.out.as_json,
            )

    def follow(self, begun: Import) -> None:
        """Show an import, at its end where that is waited for."""
        seen = follow_import(self.client, begun, silent=self.out.as_json) if self.wait else begun
        self.failed |= bool(seen.refused) or seen.status in {ImportState.FAILED, ImportState.CANCELLED}
        self.out.item(seen, import_line(seen))
        if self.wait and not self.out.as_json:
            note_problems(self.client, seen)

    def _show(self, sent: SentFile[Source, UploadedRecording]) -> None:
        self.failed |= bool(sent.code)
        if self.out.as_json:
            put_json(_view(sent))
        elif sent.code:
            note(f"{sent.file.path}: {sent.code}: {sent.problem}")


def _view(sent: SentFile[Source, UploadedRecording]) -> Mapping[str, object]:
    recording, added = (sent.answer.recording, sent.answer.added) if sent.answer else (None, False)
    problem = {"code": sent.code, "message": sent.problem} if sent.code else None
    return {"file": str(sent.file.path), "recording": recording, "added": added, "error": problem}


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
