"""Cancelling and retrying: one job by its id, or many by a filter."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from api.http.bodies import read_body
from api.http.dependencies import DoorOf
from api.http.idempotent_writes import Answer, KeyHeader, Step, checked_key, fingerprint_of, write, write_in_parts
from api.requests.docs import FILTER, RETRY, problems
from api.requests.filters import chosen_by
from api.requests.options import RetryOptions, changed, read_retry
from worker.archive_rules import rules_of_job
from worker.doorway import Session
from worker.errors import InvalidRequest
from worker.queue import jobs
from worker.queue.filters import JobFilter, first_part, newest
from worker.queue.reruns import read_spec, retry_as
from worker.shapes.jobs import Changed, Job
from worker.states import Lane
from worker.strict_json import parse_json
from worker.views.jobs import read_job

router = APIRouter(tags=["jobs"])
EVERY_LANE = frozenset(Lane)
PART = 2_000  # jobs in one transaction: a fraction of a second


async def _chosen(request: Request) -> JobFilter:
    """The filter of the body; one that would choose every job is refused."""
    body = await read_body(request)
    chosen = chosen_by(parse_json(body) if body.strip() else {})
    if chosen == JobFilter():
        raise InvalidRequest(
            "Give a filter, such as batch, archive, status, code or labels: all jobs at once is refused."
        )
    return chosen


async def _asked(request: Request) -> RetryOptions:
    body = await read_body(request)
    return read_retry(parse_json(body) if body.strip() else {})


Chosen = Annotated[JobFilter, Depends(_chosen)]
Asked = Annotated[RetryOptions, Depends(_asked)]


@router.post("/v1/jobs/cancel", response_model=Changed, responses=problems(400, 409, 422), openapi_extra=FILTER)
def cancel_jobs(door: DoorOf, chosen: Chosen, idempotency_key: KeyHeader = None) -> JSONResponse:
    """Cancel those of the chosen jobs that are queued or running."""
    return write_in_parts(
        door,
        _by_parts(chosen, jobs.cancel_many, frozenset()),
        key=checked_key(idempotency_key),
        fingerprint=fingerprint_of("/v1/jobs/cancel", _fields(chosen)),
    )


@router.post("/v1/jobs/retry", response_model=Changed, responses=problems(400, 409, 422), openapi_extra=FILTER)
def retry_jobs(door: DoorOf, chosen: Chosen, idempotency_key: KeyHeader = None) -> JSONResponse:
    """Queue those of the chosen jobs again that failed or were cancelled."""
    return write_in_parts(
        door,
        _by_parts(chosen, jobs.retry_many, EVERY_LANE),
        key=checked_key(idempotency_key),
        fingerprint=fingerprint_of("/v1/jobs/retry", _fields(chosen)),
    )


@router.post("/v1/jobs/{job_id}/cancel", response_model=Job, responses=problems(404, 409, 422))
def cancel_job(job_id: str, door: DoorOf, idempotency_key: KeyHeader = None) -> JSONResponse:
    """Cancel a queued or running job; a worker that has it stops sending within 5 s."""

    def work(session: Session) -> Answer:
        jobs.cancel(session, job_id)
        return Answer(read_job(session, job_id))

    path = f"/v1/jobs/{job_id}/cancel"
    return write(door, work, key=checked_key(idempotency_key), fingerprint=fingerprint_of(path, {}))


@router.post(
    "/v1/jobs/{job_id}/retry",
    response_model=Job,
    responses={202: {"model": Job, "description": "A new job."}, **problems(400, 404, 409, 422)},
    openapi_extra=RETRY,
)
def retry_job(job_id: str, door: DoorOf, asked: Asked, idempotency_key: KeyHeader = None) -> JSONResponse:
    """Queue a failed or cancelled job again; what was answered before is not sent again. One that succeeded with gaps
    gets a new job that sends only them, and so does any job with another option; it names this one as `retry_of`."""

    def work(session: Session) -> Answer:
        spec = changed(read_spec(session, job_id), asked, door.services)
        rules_of_job(session, job_id).check(spec.service)
        given = asked.given()
        made = retry_as(session, job_id, spec, deadline=given.get("deadline"), fresh=given.get("fresh", False))
        view = read_job(session, made.job_id)
        lanes = frozenset({Lane(view["spec"]["lane"])})
        return Answer(view, 200 if made.existing else 202, f"/v1/jobs/{made.job_id}", lanes)

    path = f"/v1/jobs/{job_id}/retry"
    fields = asked.model_dump(mode="json", exclude_unset=True)
    return write(door, work, key=checked_key(idempotency_key), fingerprint=fingerprint_of(path, fields))


def _by_parts(chosen: JobFilter, change: Callable[[Session, JobFilter], int], lanes: frozenset[Lane]) -> Step:
    """The oldest jobs first, up to the newest one that there was when the request came."""

    def step(session: Session, state: dict[str, Any]) -> Answer | dict[str, Any]:
        until = state.get("until") or newest(session)
        part = first_part(session, chosen.model_copy(update={"after": state.get("after"), "until": until}), PART)
        changed = state.get("jobs", 0) + change(session, part)
        if part.until == until:
            return Answer({"jobs": changed}, lanes=lanes)
        return {"jobs": changed, "after": part.until, "until": until}

    return step


def _fields(chosen: JobFilter) -> dict[str, Any]:
    return chosen.model_dump()
