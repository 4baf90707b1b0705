"""Jobs that wait for a budget: they are told, passed over by claims, and let go when there is something left again."""

from sqlalchemy import ColumnElement, case, delete, select

from worker.budgets import IN_FORCE, Scope
from worker.claims.claim import NOT_WAITING
from worker.database import Database, change, now_ms
from worker.errors import BudgetExhausted
from worker.models import Budget, Job
from worker.queue.blocks import holder
from worker.queue.claimable import budget_is_spent
from worker.queue.slices import change_in_slices
from worker.states import JobState


def tell_queued(database: Database, budget_id: str, why: str) -> None:
    """Let each queued job of the budget say what it waits for."""
    with database.reading() as session:
        row = session.execute(select(Budget.scope, Budget.name).where(Budget.id == budget_id)).one_or_none()
    if row is None:
        return
    told = {"waiting_code": BudgetExhausted.code, "waiting_message": why, "waiting_since_ms": now_ms()}
    untold = (Job.status == JobState.QUEUED, Job.waiting_code.is_distinct_from(BudgetExhausted.code))
    its = (*untold, *_jobs_of(row.scope, row.name), budget_is_spent(Job))
    change_in_slices(database, its, {**told, "held_by": holder(Job)})


def let_go(database: Database) -> None:
    """Let the jobs go on whose budget has something left: its next day has begun, or it was raised or removed.

    For the dispatcher, each second; where nothing happened it is one look at a small table.
    """
    over = Budget.spent_until_ms <= now_ms()
    with database.reading() as session:
        budgets = session.execute(select(Budget.id, Budget.scope, Budget.name).where(over)).all()
    for budget in budgets:
        _wake(database, budget.scope, budget.name)
        with database.writing() as session:
            session.execute(change(Budget).where(Budget.id == budget.id, over).values(spent_until_ms=None))
            session.execute(delete(Budget).where(Budget.id == budget.id, ~IN_FORCE, Budget.spent_until_ms.is_(None)))
            session.commit()


def _wake(database: Database, scope: str, name: str) -> None:
    waiting = (Job.status == JobState.QUEUED, Job.waiting_code == BudgetExhausted.code)
    due = {"due_ms": case((Job.due_ms > now_ms(), now_ms()), else_=Job.due_ms)}
    change_in_slices(database, (*waiting, *_jobs_of(scope, name), ~budget_is_spent(Job)), {**due, **NOT_WAITING})


def _jobs_of(scope: str, name: str) -> tuple[ColumnElement[bool], ...]:
    columns = {Scope.ARCHIVE: Job.archive, Scope.CAMPAIGN: Job.campaign_id}
    return (columns[Scope(scope)] == name,) if scope in columns else ()
