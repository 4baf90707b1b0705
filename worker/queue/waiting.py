"""What a queued job waits for: its ``waiting_…`` columns, and the mark by which claims begin behind it.

A job is blocked while its service refuses everybody, and while a budget of its has nothing left.
`worker.queue.claim_query` passes over blocked jobs by itself, but one after the other: very many of them ahead of the
rest would make each claim slow. So each may be marked in ``held_by`` with what blocks it, and the index of claims has
the marked ones elsewhere. Who blocks jobs tells them, and who unblocks them wakes them, in the same breath; what a
race leaves wrong, and who asks when a probe is due, is for `keep_marks`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from realtime.protocol.errors import CodedError
from worker.budgets import described, is_of_budget
from worker.claims.claim import locked, raised
from worker.database import NOW, Database, change, now_ms
from worker.errors import BudgetExhausted
from worker.hints import message_of
from worker.models import Budget, Job, ServiceState
from worker.states import JobState, Lane

Columns = dict[str, Any]

AT_ONCE = 2_000  # jobs changed in one transaction: a fraction of a second
FEW = 100  # jobs looked at for one mark in one round: what a race leaves is far less
NOT_WAITING: Columns = {"waiting_code": None, "waiting_message": None, "waiting_since_ms": None, "held_by": ""}


def waiting_for(code: str, message: str | None, since_ms: Any, mark: Any = "") -> Columns:  # noqa: ANN401  # SQL or a value
    """The columns of a job that waits for the trouble of this code; ``mark`` says what blocks it."""
    return {"waiting_code": code, "waiting_message": message, "waiting_since_ms": since_ms, "held_by": mark}


# ---- what blocks a job


def by_service(name: str) -> str:
    """The mark of a job whose service refuses everybody."""
    return f"service:{name}"


def by_budget(budget_id: str) -> str:
    """The mark of a job with a budget that is used up."""
    return f"budget:{budget_id}"


def blocked_by(job: Any) -> ColumnElement[str]:  # noqa: ANN401  # Job, or an alias of it
    """The mark that the job should have now: of one thing that blocks it, or empty where nothing does."""
    service = select(literal(by_service(""), String) + ServiceState.name).where(_is_refusing(job))
    budget = select(func.min(literal(by_budget(""), String) + Budget.id)).where(_is_spent(job))
    return func.coalesce(service.scalar_subquery(), budget.scalar_subquery(), "")


def service_refuses(job: Any) -> ColumnElement[bool]:  # noqa: ANN401  # Job, or an alias of it
    """Whether the job's service refuses everybody and no probe is due: a claim would come back unworked."""
    return select(ServiceState.name).where(_is_refusing(job)).exists()


def budget_is_spent(job: Any) -> ColumnElement[bool]:  # noqa: ANN401  # Job, or an alias of it
    """Whether a budget of the job's has nothing left: a claim would come back before its first segment."""
    return select(Budget.id).where(_is_spent(job)).exists()


def _is_refusing(job: Any) -> ColumnElement[bool]:  # noqa: ANN401  # Job, or an alias of it
    return and_(ServiceState.name == job.service, ServiceState.next_try_ms > NOW)


def _is_spent(job: Any) -> ColumnElement[bool]:  # noqa: ANN401  # Job, or an alias of it
    return and_(Budget.spent_until_ms > NOW, is_of_budget(job, Budget))


# ---- telling and waking jobs


def tell(database: Database, jobs: Iterable[ColumnElement[bool]], error: CodedError, *, at_once: int = AT_ONCE) -> None:
    """Let each of these jobs that is queued say what it waits for, and mark it."""
    untold = (Job.status == JobState.QUEUED, Job.waiting_code.is_distinct_from(error.code))
    columns = waiting_for(error.code, message_of(error), now_ms(), blocked_by(Job))
    _change_in_slices(database, (*untold, *jobs), columns, at_once)


def wake(database: Database, jobs: Iterable[ColumnElement[bool]], code: str, *, at_once: int = AT_ONCE) -> None:
    """Let those of these jobs go on that wait for the trouble of this code: they are due now."""
    waiting = (Job.status == JobState.QUEUED, Job.waiting_code == code)
    due = {"due_ms": case((Job.due_ms > now_ms(), now_ms()), else_=Job.due_ms)}
    _change_in_slices(database, (*waiting, *jobs), {**due, **NOT_WAITING}, at_once)


def _change_in_slices(
    database: Database, conditions: tuple[ColumnElement[bool], ...], changes: Columns, at_once: int
) -> None:
    """Change the jobs in the order of their ids, a transaction for each slice, so that nobody else waits long."""
    after = ""
    while True:
        few = Job.id.in_(locked((*conditions, Job.id > after)).limit(at_once))
        changing = change(Job).where(few).values(**changes, changed_ms=raised()).returning(Job.id)
        with database.writing() as session:
            changed = session.scalars(changing).all()
            session.commit()
        if len(changed) < at_once:
            return
        after = max(changed)


# ---- new jobs


@dataclass(frozen=True)
class Blocks:
    """What blocks new jobs now: read once for all of them."""

    now_ms: int
    services: Mapping[str, ServiceState]  # by name, those that refuse everybody
    budgets: Sequence[Budget]  # those that have nothing left

    @classmethod
    def read(cls, session: Session, services: Iterable[str], now_ms: int) -> "Blocks":
        refusing = select(ServiceState).where(ServiceState.name.in_(services), ServiceState.next_try_ms.is_not(None))
        spent = select(Budget).where(Budget.spent_until_ms > now_ms)
        return cls(now_ms, {row.name: row for row in session.scalars(refusing)}, session.scalars(spent).all())

    def of(self, job: Any, service: str) -> Columns:  # noqa: ANN401  # whatever has an archive and a campaign
        """The columns that say what the job waits for from its start."""
        if (state := self.services.get(service)) is not None:
            probe_is_due = (state.next_try_ms or 0) <= self.now_ms  # this job may be the one that asks
            mark = "" if probe_is_due else by_service(service)
            return waiting_for(state.code or "", state.message, self.now_ms, mark)
        budget = next((budget for budget in self.budgets if is_of_budget(job, budget)), None)
        if budget is None:
            return NOT_WAITING
        why = f"The budget of {described(budget.scope, budget.name)} is used up. {BudgetExhausted.hint}"
        return waiting_for(BudgetExhausted.code, why, self.now_ms, by_budget(budget.id))


# ---- the marks


def keep_marks(database: Database, *, few: int = FEW) -> None:
    """Mark the first due jobs that are blocked, and free those that are not any more. For each round.

    A few at a time: a service whose next probe is due blocks nothing, until one of the freed has asked it.
    """
    with database.reading() as session:
        unmarked = [""] if session.scalar(select(_anything_blocks())) else []
        marks = [(lane, mark) for lane in Lane for mark in [*unmarked, *_marks(session, lane)]]
        wrong = [change for lane, mark in marks for change in _wrong_marks(session, lane, mark, few)]
    for old, new, ids in wrong:
        _mark(database, ids, old, new)


def _marks(session: Session, lane: Lane) -> Iterator[str]:
    """Each mark that queued jobs of the lane have, by a look at the index."""
    mark: str | None = ""
    queued = (Job.status == JobState.QUEUED, Job.lane == lane)
    while mark := session.scalar(select(Job.held_by).where(*queued, Job.held_by > mark).order_by(Job.held_by).limit(1)):
        yield mark


def _anything_blocks() -> ColumnElement[bool]:
    service = select(ServiceState.name).where(ServiceState.next_try_ms > NOW).exists()
    return or_(service, select(Budget.id).where(Budget.spent_until_ms > NOW).exists())


def _wrong_marks(session: Session, lane: Lane, mark: str, few: int) -> list[tuple[str, str, list[str]]]:
    """Among the first jobs with this mark those that should have another: the mark, the other, and their ids.

    All that have a mark are blocked by the same thing: where it blocks no longer the first ones say so.
    """
    alike = (Job.status == JobState.QUEUED, Job.lane == lane, Job.held_by == mark, Job.due_ms <= NOW)
    order = (Job.priority.desc(), Job.id)
    first = select(Job.id, blocked_by(Job).label("new")).where(*alike).order_by(*order).limit(few)
    ids = defaultdict[str, list[str]](list)
    for job_id, new in session.execute(first):
        ids[new].append(job_id)
    return [(mark, new, some) for new, some in ids.items() if new != mark]


def _mark(database: Database, ids: list[str], old: str, new: str) -> None:
    """Their ETag stays: nobody sees a mark."""
    still = (Job.id.in_(ids), Job.status == JobState.QUEUED, Job.held_by == old)
    with database.writing() as session:
        session.execute(change(Job).where(Job.id.in_(locked(still))).values(held_by=new))
        session.commit()
