"""`longhand status` and `longhand watch`: what jobs are doing, once or until they have ended."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer

from api.cli.exits import Exit
from api.cli.options import Given, Ids, JobFilters
from api.cli.output.printing import Output, note, put_json
from api.cli.output.progress import Display, done_line, open_display
from api.cli.polling import Follower, follow
from api.cli.target import with_client
from api.client import Client
from api.client.jobs import error_message, has_ended, waiting_message
from worker.shapes.jobs import Job
from worker.states import BreakerState, JobState


@with_client
def status(
    *,
    client: Client,
    ids: Ids = None,
    chosen: JobFilters,
    limit: Annotated[int, typer.Option(help="At most so many jobs.", min=1)] = 20,
    out: Output,
) -> None:
    """Show jobs, and whether a service keeps them waiting.

    longhand status

    longhand status --status failed --archive radio
    """
    jobs = list(islice(find_jobs(client, ids, chosen), None if ids else limit))
    for job in jobs:
        out.item(job, job_line(job))
    if out.as_json:
        return
    if not jobs:
        note("No job matches.")
    for service in client.services():
        if service.state != BreakerState.OPEN:
            note(f"The service {service.name} is {service.state}: {service.message or ''}")


@with_client
def watch(*, client: Client, ids: Ids = None, chosen: JobFilters, out: Output) -> int:
    """Follow jobs until all have ended: all that have not, or those that are named.

    longhand watch --batch 0198c0f3a5b27d31
    """
    follower = Follower(client)
    for job in find_jobs(client, ids, chosen):
        if not has_ended(job) or ids or "batch" in chosen:
            follower.add(job)
    failed = 0
    with open_display(len(follower.open), silent=out.as_json) as display:

        def look() -> None:
            nonlocal failed
            failed += sum([_show(job, display, out) for job in follower.look()])
            follower.check()

        follow(look, lambda _: not follower.open)
    return Exit.SOME_FAILED if failed else Exit.OK


def find_jobs(client: Client, ids: list[str] | None, chosen: Given) -> Iterator[Job]:
    """The named jobs, else those that match; raises ApiProblem for an id that names nothing."""
    return (client.job(job_id) for job_id in ids) if ids else client.jobs(chosen)


def job_line(job: Job) -> str:
    """One job in one line: id, state, how far, what, and why not."""
    reason = error_message(job) or waiting_message(job)
    done, total = job.progress.audio_ms_done, job.progress.audio_ms_total
    share = f"{100 * done // total}%" if total else ""
    return f"{job.id}  {job.status:<9}  {share:>4}  {job.source}{f'  ({reason})' if reason else ''}"


def _show(job: Job, display: Display, out: Output) -> bool:
    """Whether it has come to its end otherwise than it should."""
    if not has_ended(job):
        display.show(job.source, job)
        return False
    done = done_line(job) if job.status == JobState.SUCCEEDED else job.status
    display.ended(job.source, job.id, error_message(job) or done)
    if out.as_json:
        put_json(job)
    return job.status != JobState.SUCCEEDED
