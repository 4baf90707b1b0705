"""What the dispatcher does for money in its rounds: it settles dead claims, and wakes what waits for a budget.

What a claim that is over had reserved and not settled counts as spent: it may have been sent.
"""

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.orm import Session

from worker.budgets import IN_FORCE, is_of_budget
from worker.database import Database, change, now_ms
from worker.errors import BudgetExhausted
from worker.models import Budget, ClaimReservation, Job
from worker.queue.waiting import budget_is_spent, wake
from worker.spending.ledger import Amount, PeriodKey, Settlement, settle
from worker.states import JobState

# The worker of a job that was cancelled stops within seconds, and settles by itself what it knows better than we do.
PATIENCE_MS = 15_000
CLAIMS_AT_ONCE = 500


def settle_dead(database: Database) -> int:
    """Settle the reservations of claims that are over, each in a transaction of its own; of how many claims."""
    with database.writing() as session:
        settled_in_full = and_(ClaimReservation.reserved_nusd == 0, ClaimReservation.reserved_ms == 0)
        session.execute(delete(ClaimReservation).where(settled_in_full, _claim_is_over(patience_ms=0)))
        session.commit()
    with database.reading() as session:
        found = select(ClaimReservation.job_id, ClaimReservation.fence).where(_claim_is_over(PATIENCE_MS)).distinct()
        dead = session.execute(found.limit(CLAIMS_AT_ONCE)).all()
    for job_id, fence in dead:
        with database.writing() as session:
            _settle_claim(session, job_id, fence)
            session.commit()
    return len(dead)


def _claim_is_over(patience_ms: int) -> ColumnElement[bool]:
    other = Job.fence != ClaimReservation.fence
    ended = Job.status.not_in((JobState.RUNNING, JobState.CANCELLED))
    cancelled = and_(Job.status == JobState.CANCELLED, Job.changed_ms <= now_ms() - patience_ms)
    over = or_(other, ended, cancelled)
    return select(Job.id).where(Job.id == ClaimReservation.job_id, over).correlate(ClaimReservation).exists()


def _settle_claim(session: Session, job_id: str, fence: int) -> None:
    """Its rows are locked first, so that nothing is added to them meanwhile."""
    own = select(ClaimReservation).filter_by(job_id=job_id, fence=fence)
    rows = session.scalars(own.order_by(ClaimReservation.budget_id, ClaimReservation.day).with_for_update()).all()
    amounts = {PeriodKey(row.budget_id, row.day): Amount(row.reserved_nusd, row.reserved_ms) for row in rows}
    settle(session, job_id, fence, {key: Settlement(all_, all_) for key, all_ in amounts.items()})
    session.execute(delete(ClaimReservation).filter_by(job_id=job_id, fence=fence))


def wake_funded(database: Database) -> None:
    """Let the jobs go on whose budget has something left: its next day has begun, or it was raised or removed.

    For the dispatcher, each second; where nothing happened it is one look at a small table.
    """
    over = Budget.spent_until_ms <= now_ms()
    with database.reading() as session:
        budgets = session.execute(select(Budget.id, Budget.scope, Budget.name).where(over)).all()
    for budget in budgets:
        wake(database, (is_of_budget(Job, budget), ~budget_is_spent(Job)), BudgetExhausted.code)
        with database.writing() as session:
            session.execute(change(Budget).where(Budget.id == budget.id, over).values(spent_until_ms=None))
            session.execute(delete(Budget).where(Budget.id == budget.id, ~IN_FORCE, Budget.spent_until_ms.is_(None)))
            session.commit()
