"""`longhand cancel` and `longhand retry`: by id, or all that match a filter."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
    change = Change("cancel", ids or [], _queries("cancel", ids, chosen, everything=everything), out)
    return change.carry_out(lambda client, job_id: client.cancel(job_id), dry_run=dry_run)


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
    change = Change("retry", ids or [], _queries("retry", ids, chosen, everything=everything), out)
    return change.carry_out(lambda client, job_id: client.retry(job_id, options), dry_run=dry_run)


def _queries(verb: str, ids: list[str] | None, chosen: Given, *, everything: bool) -> list[Given]:
    """What is asked for where no jobs are named; raises UsageProblem where nothing is."""
    if not ids and not chosen and not everything:
        raise UsageProblem(f"Name jobs, give a filter, or say --all: `longhand {verb} --help` has examples.")
    return [chosen] if chosen else [{"status": status} for status in ALL[verb]]


@dataclass
class Change:
    """One command's change of the named jobs, or of all that match one of the queries."""

    verb: str
    ids: list[str]
    queries: list[Given]
    out: Output
    failed: int = 0

    def carry_out(self, change: Callable[[Client, str], Job], *, dry_run: bool) -> int:
        with open_client() as client:
            if dry_run:
                self._count(client)
            elif self.ids:
                for job in self._each(lambda job_id: change(client, job_id)):
                    self.out.item(job, f"{job.id}  {job.status}")
            else:
                changed = sum(client.change_matching(self.verb, query) for query in self.queries)
                self.out.item({"changed": changed}, f"{changed} jobs {DONE[self.verb]}.")
        return Exit.SOME_FAILED if self.failed else Exit.OK

    def _count(self, client: Client) -> None:
        """Only jobs that the verb can move are counted, each once."""
        matching = (job for query in self.queries for job in client.jobs(query))
        jobs = self._each(client.job) if self.ids else matching
        movable = {job.id for job in jobs if job.status in MOVABLE[self.verb]}
        line = f"Would {self.verb} {len(movable)} jobs. Nothing was changed."
        self.out.item({"would_change": len(movable)}, line)

    def _each(self, one: Callable[[str], Job]) -> Iterator[Job]:
        """The named jobs; an id that cannot be is told, and stops no other."""
        for job_id in self.ids:
            try:
                job = one(job_id)
            except ApiProblem as problem:
                self.failed += 1
                self.out.problem({"id": job_id}, problem.code, problem.message)
            else:
                yield job
