"""`longhand cancel` and `longhand retry`: by id, or all that match a filter."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Annotated

import typer

from api.cli.exits import Exit, UsageProblem
from api.cli.options import Given, Ids, JobFilters, RetryOptions, grouped
from api.cli.output.printing import Output
from api.cli.target import open_client
from api.client import Client
from api.client.transport import ApiProblem
from worker.shapes.jobs import Job
from worker.states import JobState

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say how many jobs match, and change nothing.")]
Which = tuple[list[str] | None, Given]  # the ids, and the filters
MOVABLE = {"cancel": {JobState.QUEUED, JobState.RUNNING}, "retry": {JobState.FAILED, JobState.CANCELLED}}
DONE = {"cancel": "cancelled", "retry": "queued again"}
# The states that --all asks for, since the API refuses an empty filter; between two of them a job may begin, or go back
# to the queue. What somebody has cancelled is not begun again by a word that names no job.
ALL = {"cancel": (JobState.QUEUED, JobState.RUNNING, JobState.QUEUED), "retry": (JobState.FAILED,)}


@grouped
def cancel(
    *,
    ids: Ids = None,
    chosen: JobFilters,
    everything: Annotated[
        bool, typer.Option("--all", help="All that are queued or running, where no filter is given.")
    ] = False,
    dry_run: DryRun = False,
    out: Output,
) -> int:
    """Cancel jobs; what was answered until then is kept.

    longhand cancel 0198c0f3a5b27d31

    longhand cancel --batch 0198c0f3a5b27d31
    """
    return _carry_out("cancel", Client.cancel, (ids, chosen), out, everything=everything, dry_run=dry_run)


@grouped
def retry(
    *,
    ids: Ids = None,
    chosen: JobFilters,
    everything: Annotated[bool, typer.Option("--all", help="All that have failed, where no filter is given.")] = False,
    options: RetryOptions,
    dry_run: DryRun = False,
    out: Output,
) -> int:
    """Queue failed or cancelled jobs again; what was answered before is not sent again.

    A job named by its id may have succeeded: with gaps it gets a new job that sends only them. With another option the
    retry is a new job.

    longhand retry --status failed --code worker_lost --dry-run

    longhand retry 0198c0f3a5b27d31 --language de
    """
    if options and not ids:
        raise UsageProblem(
            f"--{next(iter(options))} goes with job ids: name the jobs that are to be tried again with it."
        )
    again = partial(Client.retry, options=options)
    return _carry_out("retry", again, (ids, chosen), out, everything=everything, dry_run=dry_run)


def _carry_out(
    verb: str, one: Callable[[Client, str], Job], which: Which, out: Output, *, everything: bool, dry_run: bool
) -> int:
    """Change the named jobs, else all that match; raises UsageProblem where nothing says which."""
    ids, chosen = which
    if not ids and not chosen and not everything:
        raise UsageProblem(f"Name jobs, give a filter, or say --all: `longhand {verb} --help` has examples.")
    queries = [chosen] if chosen else [{"status": status} for status in ALL[verb]]
    refused: list[str] = []
    with open_client() as client:
        if dry_run:
            named = _each(ids or [], client.job, refused, out)
            _count(verb, named if ids else chain.from_iterable(map(client.jobs, queries)), out)
        elif ids:
            for job in _each(ids, partial(one, client), refused, out):
                out.item(job, f"{job.id}  {job.status}")
        else:
            changed = sum(client.change_matching(verb, query) for query in queries)
            out.item({"changed": changed}, f"{changed} jobs {DONE[verb]}.")
    return Exit.SOME_FAILED if refused else Exit.OK


def _count(verb: str, jobs: Iterable[Job], out: Output) -> None:
    """Only jobs that the verb can move are counted, each once."""
    movable = len({job.id for job in jobs if job.status in MOVABLE[verb]})
    out.item({"would_change": movable}, f"Would {verb} {movable} jobs. Nothing was changed.")


def _each(ids: list[str], one: Callable[[str], Job], refused: list[str], out: Output) -> Iterator[Job]:
    """The named jobs; an id that cannot be is told, and stops no other."""
    for job_id in ids:
        try:
            job = one(job_id)
        except ApiProblem as problem:
            refused.append(job_id)
            out.problem({"id": job_id}, problem.code, problem.message)
        else:
            yield job
