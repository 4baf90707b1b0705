"""Adding jobs for recordings that are there: many in a few statements, each found first where it exists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from worker.budgets import is_for, words
from worker.claims.claim import NOT_WAITING
from worker.database import clock
from worker.errors import BudgetExhausted
from worker.ids import new_id
from worker.models import Budget, Job, Recording, ServiceState
from worker.queue.batches import count_in
from worker.queue.blocks import by_budget, by_service
from worker.spec import Spec
from worker.states import JobState

Columns = dict[str, Any]


class Known(NamedTuple):
    """A job that is there. One of a campaign is nobody's answer to a submission: its transcript waits."""

    id: str
    spec: Spec
    of_campaign: bool = False


@dataclass(frozen=True)
class Submitted:
    """The job that was made, or the one that was there already."""

    job_id: str
    existing: bool


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A job for a recording; ``columns`` are the new one's.

    ``fresh``: not the one that exists, but one after it. ``alone``: the recording is new and has no jobs yet.
    """

    recording_id: str
    spec: Spec
    columns: Columns
    fresh: bool = False
    alone: bool = False


def submit_known(session: Session, wanted: Sequence[Wanted]) -> list[Submitted]:
    """A job for each, made or found, in their order. The caller has locked the recordings' rows."""
    known = jobs_of(session, {one.recording_id for one in wanted if not one.alone})
    made: list[tuple[str, Wanted]] = []
    submitted = [_find_or_plan(one, known.setdefault(one.recording_id, []), made) for one in wanted]
    add_jobs(session, made)
    count_in(session, [(one.columns["batch_id"], done.job_id) for one, done in zip(wanted, submitted, strict=True)])
    return submitted


def _find_or_plan(wanted: Wanted, known: list[Known], made: list[tuple[str, Wanted]]) -> Submitted:
    """``known`` and ``made`` take in the new job, so that the same wanted twice is made once."""
    latest = latest_equal(known, wanted.spec) if wanted.fresh else own_equal(known, wanted.spec)
    if latest is not None and not wanted.fresh:
        return Submitted(latest[0], existing=True)
    if latest is not None:
        wanted = replace(wanted, spec=replace(wanted.spec, revision=latest[1] + 1))
    made.append((new_id(), wanted))
    known.append(Known(made[-1][0], wanted.spec))
    return Submitted(made[-1][0], existing=False)


def jobs_of(session: Session, recording_ids: Iterable[str]) -> dict[str, list[Known]]:
    """The jobs of each recording, in no order."""
    known: dict[str, list[Known]] = {recording_id: [] for recording_id in recording_ids}
    if not known:
        return known
    columns = (Job.recording_id, Job.id, Job.spec, Job.campaign_id)
    rows = session.execute(select(*columns).where(Job.recording_id.in_(known)))
    for recording_id, job_id, fields, campaign_id in rows:
        known[recording_id].append(Known(job_id, Spec.from_json(fields), campaign_id is not None))
    return known


def latest_equal(known: Iterable[Known], spec: Spec) -> tuple[str, int] | None:
    """Id and revision of the latest job for this spec, or for it with a higher revision."""
    equal = [
        (job.id, job.spec.revision)
        for job in known
        if job.spec.revision >= spec.revision and replace(job.spec, revision=spec.revision).digest == spec.digest
    ]
    return max(equal, key=lambda found: (found[1], found[0]), default=None)  # ids sort by age


def own_equal(known: Iterable[Known], spec: Spec) -> tuple[str, int] | None:
    """The same among jobs that no campaign made."""
    return latest_equal((job for job in known if not job.of_campaign), spec)


def add_job(session: Session, wanted: Wanted) -> str:
    """Insert a queued job, whatever there is already; its id."""
    job_id = new_id()
    add_jobs(session, [(job_id, wanted)])
    count_in(session, [(wanted.columns["batch_id"], job_id)])
    return job_id


def add_jobs(session: Session, made: Sequence[tuple[str, Wanted]]) -> None:
    """Insert queued jobs with these ids."""
    if not made:
        return
    house = _House.of(session, [wanted for _, wanted in made])
    session.execute(insert(Job), [house.row(job_id, wanted) for job_id, wanted in made])


@dataclass(frozen=True)
class _House:
    """What new jobs take from rows beside them: read once for all of them."""

    now_ms: int
    audio: dict[str, str] = field(default_factory=dict)  # by recording
    waits: dict[str, Columns] = field(default_factory=dict)  # by service
    spent: Sequence[Budget] = ()  # budgets that have nothing left

    @classmethod
    def of(cls, session: Session, wanted: Sequence[Wanted]) -> "_House":
        now_ms = clock(session)
        services = {one.spec.service for one in wanted}
        spent = session.scalars(select(Budget).where(Budget.spent_until_ms > now_ms)).all()
        return cls(now_ms, _audio_of(session, wanted), _waits_for(session, services, now_ms), spent)

    def row(self, job_id: str, wanted: Wanted) -> Columns:
        spec = wanted.spec
        return {
            "id": job_id,
            "recording_id": wanted.recording_id,
            "status": JobState.QUEUED,
            "lane": spec.lane,
            "priority": spec.priority,
            "spec": spec.to_json(),
            "spec_digest": spec.digest,
            "recognition_key": spec.recognition_key,
            "audio": self.audio[wanted.recording_id],
            "service": spec.service,
            "due_ms": self.now_ms,
            "created_ms": self.now_ms,
            "changed_ms": self.now_ms,
            **self._wait(wanted),
            **wanted.columns,
        }

    def _wait(self, wanted: Wanted) -> Columns:
        """What the job waits for from its start."""
        if wanted.spec.service in self.waits:
            return self.waits[wanted.spec.service]
        columns = wanted.columns
        own = (one for one in self.spent if is_for(one, columns["archive"], columns.get("campaign_id")))
        if (budget := next(own, None)) is None:
            return NOT_WAITING
        why = f"The budget of {words(budget.scope, budget.name)} is used up. {BudgetExhausted.hint}"
        told = {"waiting_code": BudgetExhausted.code, "waiting_message": why, "waiting_since_ms": self.now_ms}
        return {**told, "held_by": by_budget(budget.id)}


def _audio_of(session: Session, wanted: Iterable[Wanted]) -> dict[str, str]:
    """What is worked on once at a time, the same for all jobs of a recording.

    Bytes of our own are known by their digest, in whichever archive they are. A source in place is known by its
    recording, even when a fetch has shown its digest: its older jobs were submitted before that.
    """
    wanted_ids = {one.recording_id for one in wanted}
    rows = session.execute(
        select(Recording.id, Recording.digest, Recording.source_url).where(Recording.id.in_(wanted_ids))
    )
    return {row.id: row.digest if row.digest and row.source_url is None else row.id for row in rows}


def _waits_for(session: Session, services: Iterable[str], now_ms: int) -> dict[str, Columns]:
    """What new jobs wait for from their start, by service: those that refuse everybody now."""
    refusing = select(ServiceState).where(ServiceState.name.in_(services), ServiceState.next_try_ms.is_not(None))
    return {row.name: _told(row, now_ms) for row in session.scalars(refusing)}


def _told(service: ServiceState, now_ms: int) -> Columns:
    probe_is_due = (service.next_try_ms or 0) <= now_ms
    told = {"waiting_code": service.code, "waiting_message": service.message, "waiting_since_ms": now_ms}
    return {**told, "held_by": "" if probe_is_due else by_service(service.name)}
