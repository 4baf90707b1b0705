"""Retrying a job with other options: the same job where that changes nothing of what it is, else a new one."""

from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from worker.database import clock
from worker.errors import IllegalMove, UnknownJob
from worker.models import Job, Recording, Segment
from worker.queue import jobs
from worker.queue.job_rows import JobSubmission, NewJob, add_job, find_or_add_jobs, jobs_of, own_equal
from worker.queue.members import campaign_for_successor, take_over
from worker.shapes.times import Deadline
from worker.spec import Spec
from worker.states import ENDED, JobState, SegmentState


def read_spec(session: Session, job_id: str) -> Spec:
    """What the job was asked to do; raises UnknownJob."""
    return Spec.from_json(_locked(session, job_id).spec)


def retry_as(
    session: Session, job_id: str, spec: Spec, *, deadline: Deadline | None = None, fresh: bool = False
) -> JobSubmission:
    """Retry the job under this spec, in the caller's transaction. Raises UnknownJob, IllegalMove.

    Under its own spec a failed or cancelled job is queued again, and one that succeeded with gaps gets a successor
    that sends only the gaps. Another spec is another job for the same recording, made or found. A job that was made
    names this one as `retry_of`, and stands in its archive and batch.
    """
    job = _locked(session, job_id)
    if job.status not in ENDED:
        raise IllegalMove(f"A job that is {job.status} cannot be tried again.")
    if spec.digest == Spec.from_json(job.spec).digest and not fresh:
        return _again(session, job, spec, deadline)
    made = find_or_add_jobs(session, [_successor(session, job, spec, deadline, fresh=fresh)])[0]
    if not made.existing:
        take_over(session, job, made.job_id)
    return made


def _again(session: Session, job: Job, spec: Spec, deadline: Deadline | None) -> JobSubmission:
    if job.status == JobState.SUCCEEDED:
        return _fill_gaps(session, job, spec, deadline)
    when: dict[str, Any] = {"lane": spec.lane, "priority": spec.priority, "spec": spec.to_json()}
    jobs.retry(session, job.id, changes=when | ({"deadline_ms": deadline.moment(clock(session))} if deadline else {}))
    return JobSubmission(job.id, existing=True)


def _fill_gaps(session: Session, job: Job, spec: Spec, deadline: Deadline | None) -> JobSubmission:
    """A successor: what was answered is looked up, so that only gaps are sent. One at a time."""
    gaps = select(Segment.id).where(Segment.job_id == job.id, Segment.state == SegmentState.GAP)
    if session.scalar(gaps.limit(1)) is None:
        raise IllegalMove("The job has succeeded without gaps: give another option, or ask for a fresh run.")
    latest = own_equal(jobs_of(session, [job.recording_id])[job.recording_id], spec)
    if latest is not None and latest[0] > job.id:
        return JobSubmission(latest[0], existing=True)
    made = add_job(session, _successor(session, job, spec, deadline))
    take_over(session, job, made)
    return JobSubmission(made, existing=False)


def _successor(session: Session, job: Job, spec: Spec, deadline: Deadline | None, *, fresh: bool = False) -> NewJob:
    return NewJob(
        recording_id=job.recording_id,
        spec=spec,
        archive=job.archive,
        batch_id=job.batch_id,
        external_id=job.external_id,
        labels=job.labels,
        retry_of=job.id,
        campaign_id=campaign_for_successor(session, job),
        deadline_ms=deadline.moment(clock(session)) if deadline else None,
        fresh=fresh,
    )


def _locked(session: Session, job_id: str) -> Job:
    """The job, its recording's row locked, so that two who come at once make one successor."""
    job = session.get(Job, job_id)
    if job is None:
        raise UnknownJob(f"There is no job {job_id!r}.")
    lock = select(literal(1)).select_from(Recording).where(Recording.id == job.recording_id)
    session.execute(lock.with_for_update(key_share=True))
    session.refresh(job)
    session.expunge(job)  # the verbs change rows behind the session's back: it must not remember this one
    return job
