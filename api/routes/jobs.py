"""Looking at jobs, and cancelling and retrying them: one by its id, or many by a filter."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from api.http.authentication import READ, SUBMIT
from api.http.bodies import json_body
from api.http.dependencies import Dependencies, Deps
from api.http.idempotent_writes import Answer, Once, Step
from api.http.queries import PageQuery
from api.http.request_headers import etag, matches, wait_s
from api.requests.docs import FILTER, RETRY, problems
from api.requests.filters import JobQuery, chosen_by
from api.requests.options import RetryOptions, read_retry, spec_of_retry
from worker.archive_rules import rules_of_job
from worker.errors import InvalidRequest
from worker.queue import jobs
from worker.queue.filters import JobFilter, first_part, newest
from worker.queue.reruns import read_spec, retry_as
from worker.shapes.base import Page
from worker.shapes.jobs import Changed, Job
from worker.states import ENDED, Lane
from worker.views.jobs import job_version, list_jobs, read_job, read_versioned_job

router = APIRouter(tags=["jobs"])
IfNoneMatch = Annotated[str | None, Header(description="The ETag that you have: 304 while it still holds.")]
Prefer = Annotated[str | None, Header(description="`wait=30` holds the answer until the job changes, at most 60 s.")]
EVERY_LANE = frozenset(Lane)
PART = 2_000  # jobs in one transaction: a fraction of a second


@router.get("/v1/jobs", dependencies=[READ], responses=problems(400))
def get_jobs(deps: Deps, page: PageQuery, chosen: JobQuery) -> Page[Job]:
    """Jobs, newest first; `next` is the cursor of the next page, or null."""
    with deps.database.reading() as session:
        return list_jobs(session, chosen, page)


@router.get(
    "/v1/jobs/{job_id}",
    dependencies=[READ],
    response_model=Job,
    responses={304: {"description": "As you have it."}, **problems(404)},
)
async def get_job(
    job_id: str,
    request: Request,
    response: Response,
    deps: Deps,
    *,
    if_none_match: IfNoneMatch = None,
    prefer: Prefer = None,
) -> Job | Response:
    """One job. With `Prefer: wait` the answer comes when it has changed: since the ETag given, else since now."""
    version, job = await run_in_threadpool(_versioned_job, deps, job_id)
    known = if_none_match or ("" if job.status in ENDED else etag(version))
    if (held_s := wait_s(prefer)) and matches(known, etag(version)):
        await _hold(deps, request, job_id, version, held_s)
        version, job = await run_in_threadpool(_versioned_job, deps, job_id)
    headers = {"ETag": etag(version), **({"Preference-Applied": f"wait={held_s:.0f}"} if held_s else {})}
    if matches(if_none_match, etag(version)):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return job


def _chosen(fields: object) -> JobFilter:
    """The filter of a body; one that would choose every job is refused."""
    chosen = chosen_by(fields)
    if chosen == JobFilter():
        raise InvalidRequest(
            "Give a filter, such as batch, archive, status, code or labels: all jobs at once is refused."
        )
    return chosen


Chosen = Annotated[JobFilter, Depends(json_body(_chosen, optional=True))]
Options = Annotated[RetryOptions, Depends(json_body(read_retry, optional=True))]


@router.post("/v1/jobs/cancel", dependencies=[SUBMIT], responses=problems(400, 409, 422), openapi_extra=FILTER)
def cancel_jobs(chosen: Chosen, once: Once) -> Changed:
    """Cancel those of the chosen jobs that are queued or running."""
    return once.in_parts(_by_parts(chosen, jobs.cancel_many, frozenset()), chosen.model_dump())


@router.post("/v1/jobs/retry", dependencies=[SUBMIT], responses=problems(400, 409, 422), openapi_extra=FILTER)
def retry_jobs(chosen: Chosen, once: Once) -> Changed:
    """Queue those of the chosen jobs again that failed or were cancelled."""
    return once.in_parts(_by_parts(chosen, jobs.retry_many, EVERY_LANE), chosen.model_dump())


@router.post("/v1/jobs/{job_id}/cancel", dependencies=[SUBMIT], responses=problems(404, 409, 422))
def cancel_job(job_id: str, once: Once) -> Job:
    """Cancel a queued or running job; a worker that has it stops sending within 5 s."""

    def work(session: Session) -> Answer[Job]:
        jobs.cancel(session, job_id)
        return Answer(read_job(session, job_id))

    return once(work)


@router.post(
    "/v1/jobs/{job_id}/retry",
    dependencies=[SUBMIT],
    responses={202: {"model": Job, "description": "A new job."}, **problems(400, 404, 409, 422)},
    openapi_extra=RETRY,
)
def retry_job(job_id: str, deps: Deps, options: Options, once: Once) -> Job:
    """Queue a failed or cancelled job again; what was answered before is not sent again. One that succeeded with gaps
    gets a new job that sends only them, and so does any job with another option; it names this one as `retry_of`."""

    def work(session: Session) -> Answer[Job]:
        spec = spec_of_retry(read_spec(session, job_id), options, deps.services)
        rules_of_job(session, job_id).check(spec.service)
        given = options.given()
        made = retry_as(session, job_id, spec, deadline=given.get("deadline"), fresh=given.get("fresh", False))
        job = read_job(session, made.job_id)
        lanes = frozenset({Lane(job.spec.lane)})
        return Answer(job, 200 if made.existing else 202, f"/v1/jobs/{made.job_id}", lanes)

    return once(work, options.model_dump(mode="json", exclude_unset=True))


async def _hold(deps: Dependencies, request: Request, job_id: str, version: int, held_s: float) -> None:
    async def changed() -> bool:
        return await run_in_threadpool(_version, deps, job_id) != version or await request.is_disconnected()

    await deps.holds.until(changed, held_s)


def _versioned_job(deps: Dependencies, job_id: str) -> tuple[int, Job]:
    with deps.database.reading() as session:
        return read_versioned_job(session, job_id)


def _version(deps: Dependencies, job_id: str) -> int:
    with deps.database.reading() as session:
        return job_version(session, job_id)


def _by_parts(chosen: JobFilter, change: Callable[[Session, JobFilter], int], lanes: frozenset[Lane]) -> Step[Changed]:
    """The oldest jobs first, up to the newest one that there was when the request came."""

    def step(session: Session, state: dict[str, Any]) -> Answer[Changed] | dict[str, Any]:
        until = state.get("until") or newest(session)
        part = first_part(session, chosen.model_copy(update={"after": state.get("after"), "until": until}), PART)
        number = state.get("jobs", 0) + change(session, part)
        if part.until == until:
            return Answer(Changed(jobs=number), lanes=lanes)
        return {"jobs": number, "after": part.until, "until": until}

    return step
