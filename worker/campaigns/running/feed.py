"""Members get their jobs a few at a time: so many that workers are never idle, and the queue stays short."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.campaigns.choice.target import Target, forbidden_archives
from worker.campaigns.running.members import count_members
from worker.database import change
from worker.errors import IllegalMove, LanguageNotSupported, RequestError, ServiceNotAllowed
from worker.ids import new_id
from worker.models import Campaign, Member, Recording
from worker.queue import jobs
from worker.queue.job_rows import ExistingJob, NewJob, add_jobs, jobs_of
from worker.spec import Spec
from worker.states import MemberState

FEWEST = 4  # without a worker in sight: enough to be found by whoever comes


def most_given(parallel: int | None, slots: int) -> int:
    """How many members may have a job that has not ended: the campaign's limit, else twice the fleet's slots."""
    return parallel if parallel is not None else max(FEWEST, 2 * slots)


def feed(session: Session, campaign: Campaign, slots: int, *, at_most: int, canary: bool = False) -> int:
    """Give jobs to waiting members, of the canary alone or of all, as far as there is room; how many.

    ``slots`` are the fleet's, ``at_most`` is for one transaction.
    """
    room = most_given(campaign.limits.get("parallel"), slots) - count_members(session, campaign.id, MemberState.GIVEN)
    if room <= 0:
        return 0
    waiting = _waiting(session, campaign, min(room, at_most), canary=canary)
    allowed = _allowed(session, campaign, waiting)
    for member in allowed:
        if member.job_id is not None:  # it was withdrawn: what was answered stays
            with suppress(IllegalMove):  # somebody was quicker, by hand
                jobs.retry(session, member.job_id)
    _give(session, campaign, [member.recording_id for member in allowed if member.job_id is None])
    return len(waiting)


def _waiting(session: Session, campaign: Campaign, at_most: int, *, canary: bool) -> Sequence[Member]:
    own = (Member.campaign_id == campaign.id, Member.state == MemberState.WAITING, *([Member.canary] if canary else []))
    members = session.scalars(select(Member).where(*own).order_by(Member.recording_id).limit(at_most)).all()
    session.expunge_all()
    return members


def _allowed(session: Session, campaign: Campaign, members: Sequence[Member]) -> list[Member]:
    """Those whose archive allows the service now: rules may be stricter than when the campaign was planned."""
    forbidden = forbidden_archives(session, str(campaign.spec["service"]))
    ids = [member.recording_id for member in members]
    stays = (Recording.id.in_(ids), Recording.archive.in_(forbidden))
    refused = set(session.scalars(select(Recording.id).where(*stays))) if forbidden else set()
    _pass_over(session, campaign, refused, ServiceNotAllowed)
    return [member for member in members if member.recording_id not in refused]


def _pass_over(session: Session, campaign: Campaign, recording_ids: Collection[str], why: type[RequestError]) -> None:
    if recording_ids:
        own = (Member.campaign_id == campaign.id, Member.recording_id.in_(recording_ids))
        session.execute(change(Member).where(*own).values(state=MemberState.FAILED, code=why.code))


def _give(session: Session, campaign: Campaign, recording_ids: Sequence[str]) -> None:
    """Always a new job: another's would not wait for the promotion."""
    languages = Target.of(campaign).languages(session)
    earlier = jobs_of(session, recording_ids) if campaign.fresh else {}
    rows = session.scalars(select(Recording).where(Recording.id.in_(recording_ids)).order_by(Recording.id)).all()
    session.expunge_all()
    specs = {row.id: languages.spec_of(row) for row in rows}
    _pass_over(session, campaign, [row.id for row in rows if specs[row.id] is None], LanguageNotSupported)
    made = []
    for row in rows:
        if (spec := specs[row.id]) is not None:
            spec_sent = fresh_spec(spec, earlier[row.id]) if campaign.fresh else spec
            made.append((new_id(), _job_for(campaign, row, spec_sent)))
    add_jobs(session, made)
    for job_id, job in made:
        own = (Member.campaign_id == campaign.id, Member.recording_id == job.recording_id)
        session.execute(change(Member).where(*own).values(state=MemberState.GIVEN, job_id=job_id))


def _job_for(campaign: Campaign, row: Recording, spec: Spec) -> NewJob:
    return NewJob(
        recording_id=row.id,
        spec=spec,
        archive=row.archive,
        external_id=row.external_id,
        labels=row.labels,
        campaign_id=campaign.id,
    )


def fresh_spec(spec: Spec, earlier: Sequence[ExistingJob]) -> Spec:
    """The spec under a revision above those of all jobs that asked the same, so that no stored answer serves it."""
    key = replace(spec, revision=0).recognition_key
    same = (job.spec.revision for job in earlier if replace(job.spec, revision=0).recognition_key == key)
    return replace(spec, revision=max(max(same, default=0), spec.revision) + 1)
