"""`longhand cancel` and `longhand retry`: by id, or all that match a filter."""

from collections.abc import Mapping
from typing import Annotated

import typer

from api.cli.configure import configured
from api.cli.exits import Exit, UsageProblem
from api.cli.filters import ArchiveFilter, AsJson, Batch, Code, Ids, Status, filters
from api.cli.output.printing import note, put, put_json
from api.cli.spec_options import ChannelLabelsOption, CutOption, DeadlineOption, Fresh, VoiceOption
from api.cli.target import open_client
from api.client import ApiProblem, Client, RemoteJob
from worker.states import Channels, Lane, Segmentation

ALL_OPEN = Annotated[bool, typer.Option("--all", help="All that are queued or running, where no filter is given.")]
ALL_FAILED = Annotated[bool, typer.Option("--all", help="All that have failed, where no filter is given.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say how many jobs match, and change nothing.")]

MOVABLE = {"cancel": {"queued", "running"}, "retry": {"failed", "cancelled"}}
# The states that --all asks for, since the API refuses an empty filter; between two of them a job may begin, or go back
# to the queue. What somebody has cancelled is not begun again by a word that names no job.
ALL = {"cancel": ("queued", "running", "queued"), "retry": ("failed",)}


def cancel(
    *,
    ids: Ids = None,
    batch: Batch = None,
    archive: ArchiveFilter = None,
    status: Status = None,
    code: Code = None,
    everything: ALL_OPEN = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Cancel jobs; what was answered until then is kept.

    longhand cancel 0198c0f3a5b27d31

    longhand cancel --batch 0198c0f3a5b27d31
    """
    asked = filters(batch, archive, status, code)
    return _change("cancel", ids, asked, everything=everything, dry_run=dry_run, as_json=as_json)


def retry(
    *,
    ids: Ids = None,
    batch: Batch = None,
    archive: ArchiveFilter = None,
    status: Status = None,
    code: Code = None,
    everything: ALL_FAILED = False,
    language: Annotated[str | None, typer.Option(help="Another language, or auto; a new job.")] = None,
    context: Annotated[str | None, typer.Option(help="Other names and terms; a new job.")] = None,
    channels: Annotated[Channels | None, typer.Option(help="Other channels; a new job.")] = None,
    channel_labels: ChannelLabelsOption = None,
    segmentation: Annotated[Segmentation | None, typer.Option(help="Other segments; a new job.")] = None,
    cut: CutOption = None,
    voice: VoiceOption = False,
    service: Annotated[str | None, typer.Option(help="Another service; a new job.")] = None,
    model: Annotated[str | None, typer.Option(help="Another model; a new job.")] = None,
    lane: Annotated[Lane | None, typer.Option(help="Another lane.")] = None,
    deadline: DeadlineOption = None,
    fresh: Fresh = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Queue failed or cancelled jobs again; what was answered before is not sent again.

    A job named by its id may have succeeded: with gaps it gets a new job that sends only them. With another option the
    retry is a new job.

    longhand retry --status failed --code worker_lost --dry-run

    longhand retry 0198c0f3a5b27d31 --language de
    """
    options: dict[str, object] = {
        "language": language,
        "context": context,
        "channels": channels,
        "channel_labels": channel_labels,
        "segmentation": segmentation,
        "cut": cut,
        "voice": voice or None,
        "service": service,
        "model": model,
        "lane": lane,
        "deadline": deadline,
        "fresh": fresh or None,
    }
    other = {name: value for name, value in options.items() if value is not None}
    if other and not ids:
        raise UsageProblem(
            f"--{next(iter(other))} goes with job ids: name the jobs that are to be tried again with it."
        )
    asked = filters(batch, archive, status, code)
    return _change("retry", ids, asked, everything=everything, dry_run=dry_run, as_json=as_json, options=other)


def _change(
    verb: str,
    ids: list[str] | None,
    asked: dict[str, str],
    *,
    everything: bool,
    dry_run: bool,
    as_json: bool,
    options: Mapping[str, object] | None = None,
) -> int:
    if not ids and not asked and not everything:
        raise UsageProblem(f"Name jobs, give a filter, or say --all: `longhand {verb} --help` has examples.")
    chosen = [asked] if asked else [{"status": status} for status in ALL[verb]]
    with open_client(configured()) as client:
        if dry_run:
            return _count(client, verb, ids, chosen, as_json)
        return _each(client, verb, ids, options or {}, as_json) if ids else _matching(client, verb, chosen, as_json)


def _each(client: Client, verb: str, ids: list[str], options: Mapping[str, object], as_json: bool) -> int:
    failed = 0
    for job_id in ids:
        try:
            job = client.cancel(job_id) if verb == "cancel" else client.retry(job_id, options)
            put_json(job.fields) if as_json else put(f"{job.id}  {job.status}")
        except ApiProblem as problem:
            failed += 1
            _report(job_id, problem, as_json)
    return Exit.SOME_FAILED if failed else Exit.OK


def _report(job_id: str, problem: ApiProblem, as_json: bool) -> None:
    if as_json:
        put_json({"id": job_id, "error": {"code": problem.code, "message": problem.message}})
    else:
        note(f"{job_id}: {problem.message}")


def _matching(client: Client, verb: str, chosen: list[dict[str, str]], as_json: bool) -> int:
    change = client.cancel_matching if verb == "cancel" else client.retry_matching
    changed = sum(change(asked) for asked in chosen)
    done = {"cancel": "cancelled", "retry": "queued again"}[verb]
    put_json({"changed": changed}) if as_json else put(f"{changed} jobs {done}.")
    return Exit.OK


def _count(client: Client, verb: str, ids: list[str] | None, chosen: list[dict[str, str]], as_json: bool) -> int:
    """Only jobs that the verb can move are counted, each once."""
    jobs, failed = _named(client, ids, as_json) if ids else ((job for asked in chosen for job in client.jobs(asked)), 0)
    movable = {job.id for job in jobs if job.status in MOVABLE[verb]}
    line = f"Would {verb} {len(movable)} jobs. Nothing was changed."
    put_json({"would_change": len(movable)}) if as_json else put(line)
    return Exit.SOME_FAILED if failed else Exit.OK


def _named(client: Client, ids: list[str], as_json: bool) -> tuple[list[RemoteJob], int]:
    """The jobs, and how many ids have none, which is told as where it is really done."""
    jobs = list[RemoteJob]()
    for job_id in ids:
        try:
            jobs.append(client.job(job_id))
        except ApiProblem as problem:
            _report(job_id, problem, as_json)
    return jobs, len(ids) - len(jobs)
