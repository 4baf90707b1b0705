"""`longhand archive import` and what belongs to it: filling an archive, once."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.archive.import_lines import follow, import_line, note_problems, problem_line, show_expected
from api.cli.archive.local_uploads import Bringing, Brought, Local, expect_local, find_local, size_of
from api.cli.archive.options import (
    Copy,
    ImportId,
    JobChannels,
    JobLane,
    JobLanguage,
    JobModel,
    JobSegmentation,
    JobService,
    JobVoice,
    Naming,
    Patterns,
    Sidecars,
    Transcribe,
    folder_ask,
    is_place,
    job_ask,
)
from api.cli.archive.rules import Name
from api.cli.configure import configured
from api.cli.exits import Exit, UsageProblem
from api.cli.filters import AsJson
from api.cli.manifest import kind_of_file, opened, pieces
from api.cli.output.printing import note, put, put_json
from api.cli.output.progress import sending
from api.cli.target import open_client
from api.client import Client
from worker.imports.estimate import COSTS, NO_LENGTH
from worker.states import ImportState

Fields = dict[str, Any]


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
    pattern: Patterns = None,
    naming: Naming = None,
    sidecars: Sidecars = False,
    copy: Copy = False,
    transcribe: Transcribe = False,
    language: JobLanguage = None,
    service: JobService = None,
    model: JobModel = None,
    channels: JobChannels = None,
    segmentation: JobSegmentation = None,
    lane: JobLane = None,
    voice: JobVoice = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken, and take nothing.")] = False,
    wait: Annotated[
        bool | None, typer.Option("--wait/--no-wait", help="Follow it to its end; on a terminal that is so anyway.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Fill an archive. Nothing is transcribed, and nothing spent, without --transcribe.

    Mounted folders and buckets are read by the server, in the background; files and folders here are uploaded. The same
    again adds only what is new. Rows that cannot be used stop no other: `longhand archive problems IMPORT` lists them.

        longhand archive import radio mount://calls/2024 --naming '{recorded_at}/{agent}_{external_id}.wav' --sidecars

        longhand archive import radio s3://bucket/2024 --copy --transcribe --lane bulk

        longhand archive import radio --manifest calls.csv

        longhand archive import radio recordings/
    """
    options: Fields = {"language": language, "service": service, "model": model, "channels": channels}
    options |= {"segmentation": segmentation, "lane": lane, "voice": voice}
    jobs = job_ask(transcribe=transcribe, **options)
    if bool(sources) == bool(manifest):
        raise UsageProblem("Name what to import, or one --manifest.")
    places = [source for source in sources or [] if is_place(source)]
    files = find_local([Path(source) for source in sources or [] if not is_place(source)], pattern or [])
    if files and jobs is not None:
        raise UsageProblem(f"Files of this machine are transcribed by `longhand submit PATH --archive {name}`.")
    asks = [folder_ask(place, pattern, naming, sidecars=sidecars, copy=copy) | {"transcribe": jobs} for place in places]
    with open_client(configured()) as client:
        filling = Filling(client, name, as_json=as_json, wait=sys.stderr.isatty() if wait is None else wait)
        if dry_run:
            return filling.expect(asks, files, manifest)
        filling.bring(files, naming, sidecars=sidecars)
        for ask in asks:
            filling.follow(client.begin_import(name, ask))
        if manifest:
            filling.follow(filling.send(manifest, jobs, copy=copy))
    return Exit.SOME_FAILED if filling.refused else Exit.OK


class Filling:
    """One command's work at one archive; ``refused``: something could not be used."""

    def __init__(self, client: Client, archive: str, *, as_json: bool, wait: bool) -> None:
        self.refused = False
        self._client = client
        self._archive = archive
        self._as_json = as_json
        self._wait = wait

    def expect(self, asks: list[Fields], files: list[Local], manifest: str | None) -> int:
        """Say what would be taken."""
        seen = [self._client.begin_import(self._archive, {**ask, "dry_run": True}) for ask in asks]
        if files:
            seen.append(expect_local(files).view().as_json())
        for one in seen:
            put_json(one) if self._as_json else show_expected(one)
        if manifest:
            self._expect_rows(manifest)
        return Exit.OK

    def _expect_rows(self, manifest: str) -> None:
        """A URL says nothing of its recording's length before it is fetched."""
        with opened(manifest) as file:
            rows = sum(1 for line in file if line.strip())
        if self._as_json:
            put_json({"rows": rows, **dict.fromkeys(COSTS), "unknown": NO_LENGTH})
        else:
            put(f"{rows:,} lines. {NO_LENGTH}")
            note("Nothing was taken.")

    def bring(self, files: list[Local], naming: str | None, *, sidecars: bool) -> None:
        """Upload files of this machine."""
        if not files:
            return
        bringing = Bringing(self._client, self._archive, naming, sidecars)
        sizes = {file: size_of(file) for file in files}
        done, added = 0, 0
        with sending(sum(sizes.values()), silent=self._as_json) as sent:
            for brought in bringing.bring(files):
                done += sizes[brought.file]
                added += brought.added
                sent(done)
                self._tell(brought)
        if not self._as_json:
            put(f"{added:,} added, {len(files) - added:,} others, {len(files):,} in all")

    def send(self, manifest: str, jobs: Fields | None, *, copy: bool) -> Fields:
        """Send a manifest; the import that was begun."""
        query = {"copy": str(copy).lower(), "name": Path(manifest).name}
        if jobs is not None:
            query["transcribe"] = json.dumps(jobs)
        with opened(manifest) as file:
            size = file.seek(0, 2)
            with sending(size, silent=self._as_json) as sent:
                body, kind = (lambda: pieces(file, sent)), kind_of_file(file)
                return self._client.import_manifest(self._archive, body, kind, query)

    def follow(self, begun: Fields) -> None:
        """Show an import, at its end where that is waited for."""
        seen = follow(self._client, begun, silent=self._as_json) if self._wait else begun
        self.refused |= bool(seen["refused"]) or seen["status"] in {ImportState.FAILED, ImportState.CANCELLED}
        put_json(seen) if self._as_json else put(import_line(seen))
        if self._wait and not self._as_json:
            note_problems(self._client, seen)

    def _tell(self, brought: Brought) -> None:
        self.refused |= bool(brought.code)
        if self._as_json:
            fields = {"file": str(brought.file.path), "recording": brought.recording, "added": brought.added}
            problem = {"code": brought.code, "message": brought.problem} if brought.code else None
            put_json({**fields, "error": problem})
        elif brought.code:
            note(f"{brought.file.path}: {brought.code}: {brought.problem}")


def list_imports(name: Name, *, as_json: AsJson = False) -> int:
    """Show an archive's imports, the newest first."""
    with open_client(configured()) as client:
        for one in client.imports(name):
            put_json(one) if as_json else put(import_line(one))
    return Exit.OK


def problems(import_id: ImportId, *, as_json: AsJson = False) -> int:
    """Show the rows of an import that could not be used: line, name, and what is wrong."""
    with open_client(configured()) as client:
        for one in client.import_problems(import_id):
            put_json(one) if as_json else put(problem_line(one))
    return Exit.OK


def stop_import(import_id: ImportId, *, as_json: AsJson = False) -> int:
    """Stop an import; what it has kept stays."""
    with open_client(configured()) as client:
        stopped = client.cancel_import(import_id)
    put_json(stopped) if as_json else put(import_line(stopped))
    return Exit.OK
