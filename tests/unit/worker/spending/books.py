"""Short ways to budgets, purses and what is in the rows of them."""

from tests.fixtures.rows import claim, submit
from worker.budgets import BudgetState, Period, Scope, budgets_of, set_budget
from worker.claims.claim import Claim
from worker.database import Database
from worker.services.catalogue import HOSTED_MODEL, find_service
from worker.settings import load_settings
from worker.spec import Spec
from worker.spending.reservation import Held
from worker.spending.reserver import Guard, Purse

INTL = Spec(service="intl", model=HOSTED_MODEL)
SECOND_NUSD = 90_000


def budget(
    database: Database, scope: Scope = Scope.DEPLOYMENT, name: str = "", period: Period = Period.ALL, **limits: int
) -> None:
    with database.writing() as session:
        set_budget(session, scope, name, period, **limits)
        session.commit()


def state(database: Database) -> BudgetState:
    with database.reading() as session:
        [found] = budgets_of(session)
    return found


def purse(database: Database, claimed: Claim) -> Purse:
    guard = Guard(database, load_settings())
    return guard.purse(claimed, find_service(load_settings(), claimed.spec.service))


def claimed_job(database: Database, number: int = 1, spec: Spec = INTL) -> Claim:
    submit(database, number, spec)
    return claim(database)


def settle(database: Database, held: Held, sent_ms: int) -> None:
    with database.writing() as session:
        held.settle(session, sent_ms)
        session.commit()
