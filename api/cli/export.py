"""`longhand export`: the transcripts of a batch, an archive or a campaign, into a folder or a bucket."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from typing import IO, Annotated, Any

import typer

from api.cli.configure import configured
from api.cli.exits import CommandError, Exit, UsageProblem
from api.cli.options import grouped
from api.cli.output.printing import Output, note, put_json
from api.cli.output.progress import counting
from api.cli.target import open_client
from api.client import Client
from api.client.transport import ApiProblem, without_empty
from worker.errors import InvalidRequest
from worker.exports.destinations import open_destination
from worker.exports.patterns import DEFAULT, parse_pattern
from worker.exports.plan import MANIFEST, ExportPlan
from worker.exports.run import NOT_WRITTEN, Line, NotFetched, planned, run
from worker.results.export import Format
from worker.shapes.recordings import Result
from worker.states import JobState

EXAMPLES = 5  # names that a dry run shows


@dataclass(frozen=True, kw_only=True)
class ExportScope:
    """What is exported, where no job ids say it."""

    batch: Annotated[str, typer.Option(help="The transcripts of this batch's jobs.")] = ""
    archive: Annotated[str, typer.Option(help="The current versions of this archive.")] = ""
    campaign: Annotated[str, typer.Option(help="This campaign's own versions, promoted or not.")] = ""


@grouped
def export(
    *,
    output: Annotated[str, typer.Option("-o", "--output", help="A folder, or s3://bucket/prefix.")],
    ids: Annotated[list[str] | None, typer.Argument(help="Job ids.")] = None,
    forms: Annotated[
        list[Format] | None, typer.Option("-f", "--format", help="txt (the default), srt, vtt, json, tsv; several too.")
    ] = None,
    scope: ExportScope,
    status: Annotated[JobState | None, typer.Option(help="Only what is in this state, as succeeded.")] = None,
    name: Annotated[str, typer.Option(help="Names of the files by a pattern, without an ending.")] = DEFAULT,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    out: Output,
) -> int:
    """Write transcripts into a folder or a bucket, with a manifest of what came of each recording.

    longhand export --archive radio -f srt -o subtitles/

    longhand export --archive calls -o s3://results/calls -f json -f txt --name '{recorded_at:%Y/%m}/{external_id}'

    Fields: name, file, path, external_id, recording, job, transcript, archive, language, service, model, label.NAME,
    recorded_at and created_at. Run again, it writes only what is not there. docs/export.md has the rest.
    """
    with closing(_empty_plan(name, forms or [Format.TXT])) as plan, open_client() as client:
        rows = _rows(client, ids, scope)
        _fill(plan, (row for row in rows if status in {None, row.status}), out)
        if dry_run:
            return _show_plan(plan, output, out)
        return _carry_out(plan, client, output, out)


def _empty_plan(name: str, forms: list[Format]) -> ExportPlan:
    try:
        return ExportPlan(parse_pattern(name), forms)
    except InvalidRequest as error:
        raise UsageProblem(error.message) from error


def _rows(client: Client, ids: list[str] | None, scope: ExportScope) -> Iterator[Result]:
    given = without_empty(asdict(scope))
    if len(given) + bool(ids) != 1:
        raise UsageProblem("Say what is exported: one of --archive, --batch, --campaign, or job ids.")
    return client.results_of_jobs(ids) if ids else client.results(*next(iter(given.items())))


def _fill(plan: ExportPlan, rows: Iterator[Result], out: Output) -> None:
    """Look at all of it before anything is written; raises UsageProblem where names are missing or the same."""
    with counting("looked at", None, silent=out.as_json) as count:
        try:
            for number, row in enumerate(rows, start=1):
                plan.add(row.as_json())
                count(number)
            plan.check()
        except InvalidRequest as error:
            raise UsageProblem(error.message) from error
    if not plan.total:
        raise CommandError("There is nothing to export: look at the name, and the state that is asked for.")


def _show_plan(plan: ExportPlan, output: str, out: Output) -> int:
    for number, line in enumerate(planned(plan)):
        if out.as_json or number < EXAMPLES:
            files = ", ".join(file["file"] for file in line["files"])
            out.item(line, files or f"{line['source']}: {line['status']}")
    note(
        f"Would write {plan.writable * len(plan.forms)} files of {plan.writable} recordings to {output}; "
        f"{plan.total - plan.writable} have no transcript."
    )
    return Exit.OK


def _carry_out(plan: ExportPlan, client: Client, output: str, out: Output) -> int:
    destination = open_destination(output, configured())
    destination.check()
    ended: Counter[str] = Counter()
    with tempfile.TemporaryFile() as manifest, counting("exported", plan.total, silent=out.as_json) as count:
        for line in run(plan, destination, partial(_fetch, client)):
            _note(line, manifest, out)
            ended[line["status"]] += 1
            count(ended.total())
        manifest.seek(0)
        destination.write(MANIFEST, manifest)
    missing = plan.total - ended[JobState.SUCCEEDED]
    note(
        f"{ended[JobState.SUCCEEDED]} transcripts are in {output}, with a {MANIFEST}."
        + (f" {missing} are missing: their lines in it say why." if missing else "")
    )
    return Exit.SOME_FAILED if missing else Exit.OK


def _note(line: Line, manifest: IO[bytes], out: Output) -> None:
    """One recording is done: its line goes into the manifest, and is shown where it matters."""
    manifest.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    if out.as_json:
        put_json(line)
    elif line["status"] == NOT_WRITTEN:
        note(f"{line['source']}: {line['error']['message']}")


def _fetch(client: Client, transcript_id: str) -> Mapping[str, Any]:
    try:
        transcript: dict[str, Any] = json.loads(client.version(transcript_id, Format.JSON))
    except ApiProblem as problem:
        raise NotFetched(problem.code, problem.message) from problem
    return transcript
