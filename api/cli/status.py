"""`longhand status` and `longhand watch`: what jobs are doing, once or until they have ended."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

import typer

from api.cli.configure import configured
from api.cli.exits import Exit, ServiceRefuses
from api.cli.filters import ArchiveFilter, AsJson, Batch, Code, Ids, Status, filters
from api.cli.output.printing import note, put, put_json
from api.cli.output.progress import Display, done_line, open_display
from api.cli.polling import ROUND_S, Follower, Refusals, refusal_line
from api.cli.target import open_client
from api.client import Client, RemoteJob
from worker.states import JobState


def status(
    *,
    ids: Ids = None,
    batch: Batch = None,
    archive: ArchiveFilter = None,
    status: Status = None,
    code: Code = None,
    limit: Annotated[int, typer.Option(help="At most so many jobs.", min=1)] = 20,
    as_json: AsJson = False,
) -> int:
    """Show jobs, and whether a service keeps them waiting.

    longhand status

    longhand status --status failed --archive radio
    """
    with open_client(configured()) as client:
        found = list(islice(find_jobs(client, ids, filters(batch, archive, status, code)), None if ids else limit))
        for job in found:
            put_json(job.fields) if as_json else put(job_line(job))
        if not as_json:
            _notes(client, found)
    return Exit.OK


def watch(
    *,
    ids: Ids = None,
    batch: Batch = None,
    archive: ArchiveFilter = None,
    status: Status = None,
    code: Code = None,
    as_json: AsJson = False,
) -> int:
    """Follow jobs until all have ended: all that have not, or those that are named.

    longhand watch --batch 0198c0f3a5b27d31
    """
    with open_client(configured()) as client:
        follower = Follower(client)
        for job in find_jobs(client, ids, filters(batch, archive, status, code)):
            if not job.ended or ids or batch:
                follower.add(job)
        with open_display(len(follower.open), silent=as_json) as display:
            return _watch(follower, display, as_json=as_json)


def find_jobs(client: Client, ids: list[str] | None, asked: dict[str, str]) -> Iterator[RemoteJob]:
    """The named jobs, else those that match; raises ApiProblem for an id that names nothing."""
    return (client.job(job_id) for job_id in ids) if ids else client.jobs(asked)


def job_line(job: RemoteJob) -> str:
    """One job in one line: id, state, how far, what, and why not."""
    reason = job.error_message or job.waiting.get("message", "")
    return f"{job.id}  {job.status:<9}  {_share(job):>4}  {job.source}{f'  ({reason})' if reason else ''}"


def _share(job: RemoteJob) -> str:
    done = job.fields["progress"]
    return f"{100 * done['audio_ms_done'] // done['audio_ms_total']}%" if done["audio_ms_total"] else ""


def _notes(client: Client, found: list[RemoteJob]) -> None:
    if not found:
        note("No job matches.")
    for service in client.services():
        if service.get("state", "open") != "open":
            note(f"The service {service['name']} is {service['state']}: {service.get('message') or ''}")


def _watch(follower: Follower, display: Display, *, as_json: bool) -> int:
    failed = 0
    refusals = Refusals()
    while follower.open:
        for job in follower.look():
            if not job.ended:
                display.update(job.source, job)
                continue
            failed += job.status != JobState.SUCCEEDED
            display.ended(job.source, job.id, job.error_message or (job.status if _failed(job) else done_line(job)))
            if as_json:
                put_json(job.fields)
        if refused := refusals.lasting(follower.open.values(), datetime.now(UTC)):
            raise ServiceRefuses(refusal_line(refused))
        time.sleep(ROUND_S if follower.open else 0)
    return Exit.SOME_FAILED if failed else Exit.OK


def _failed(job: RemoteJob) -> bool:
    return job.status != JobState.SUCCEEDED
