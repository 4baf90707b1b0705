"""What is reserved, settled, waited for and swept, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from tests.fixtures.budgets import INTL, SECOND_NUSD, budget, claimed_job, reserver, settle, state
from tests.fixtures.rows import claim, new_recording, read_job, set_job, submit
from worker.budgets import Period, Scope, budgets_of, remove_budget
from worker.claims.claim import Claim
from worker.database import Database
from worker.errors import BudgetExhausted, PriceUnknown
from worker.models import Budget, BudgetPeriod, ClaimReservation
from worker.queue import jobs, submission, sweep
from worker.spec import Spec
from worker.spending.sweep import settle_dead, wake_funded
from worker.states import Lane


def test_what_is_sent_is_reserved_and_then_spent_and_the_rest_is_free_again(database: Database) -> None:
    budget(database, limit_nusd=10 * SECOND_NUSD, limit_ms=60_000)
    held = reserver(database, claimed_job(database)).reservation(4000)

    assert held.try_cover(4000)
    reserved = state(database)
    assert (reserved.reserved_ms, reserved.reserved_nusd, reserved.spent_ms) == (4000, 4 * SECOND_NUSD, 0)
    settle(database, held, 3000)
    settled = state(database)
    assert (settled.reserved_ms, settled.reserved_nusd) == (0, 0)
    assert (settled.spent_ms, settled.spent_nusd) == (3000, 3 * SECOND_NUSD)


def test_what_fits_exactly_is_let_pass_and_a_millisecond_more_is_not(database: Database) -> None:
    budget(database, limit_ms=5000)
    mine = reserver(database, claimed_job(database))
    full, more = mine.reservation(5000), mine.reservation(1)

    assert full.try_cover(5000)
    assert not more.try_cover(1)  # it may be free again
    settle(database, full, 5000)
    with pytest.raises(BudgetExhausted, match=r"whole deployment in all, 0\.001389 h, is used up"):
        more.try_cover(1)


def test_a_second_sending_is_reserved_too(database: Database) -> None:
    budget(database, limit_ms=5000)
    held = reserver(database, claimed_job(database)).reservation(3000)

    held.cover(3000)
    with pytest.raises(BudgetExhausted) as refused:
        held.cover(6000)
    assert refused.value.retry_after_s is not None  # its own first sending may cost less than was reserved
    settle(database, held, 3000)
    assert state(database).spent_ms == 3000


def test_all_budgets_of_a_job_are_reserved_or_none(database: Database) -> None:
    budget(database, limit_ms=60_000)
    budget(database, Scope.ARCHIVE, "tests", Period.DAY, limit_ms=2000)
    budget(database, Scope.ARCHIVE, "others", limit_ms=0)
    mine = reserver(database, claimed_job(database))

    with pytest.raises(BudgetExhausted, match="archive 'tests' for a day"):
        mine.reservation(3000).try_cover(3000)
    with database.reading() as session:
        assert {(one.reserved_ms, one.spent_ms) for one in budgets_of(session)} == {(0, 0)}
        assert session.scalars(select(ClaimReservation)).all() == []


def test_a_limit_in_money_without_a_price_is_refused_before_anything_is_sent(database: Database) -> None:
    budget(database, limit_nusd=10**12)
    mine = reserver(database, claimed_job(database, spec=Spec(service="intl", model="newer")))
    with pytest.raises(PriceUnknown, match="'intl' has no price for 'newer'"):
        mine.reservation(1000).try_cover(1000)


def test_a_limit_in_audio_needs_no_price(database: Database) -> None:
    budget(database, limit_ms=2000)
    assert (
        reserver(database, claimed_job(database, spec=Spec(service="intl", model="newer")))
        .reservation(1000)
        .try_cover(1000)
    )


def test_without_a_budget_nothing_is_written(database: Database) -> None:
    held = reserver(database, claimed_job(database)).reservation(1000)
    assert held.try_cover(1000)
    settle(database, held, 1000)
    with database.reading() as session:
        assert session.scalars(select(BudgetPeriod)).all() == []


def test_what_waited_its_turn_without_a_budget_is_reserved_when_there_is_one(database: Database) -> None:
    mine = reserver(database, claimed_job(database), fresh_s=0)
    begun, queued = mine.reservation(3000), mine.reservation(2000)
    assert begun.try_cover(3000)
    assert queued.try_cover(2000)
    begun.cover(3000)
    budget(database, limit_ms=2500)

    begun.cover(1000)  # the frames of what is being sent already
    queued.cover(2000)
    assert state(database).reserved_ms == 2000
    with pytest.raises(BudgetExhausted):
        mine.reservation(1000).cover(1000)
    settle(database, queued, 2000)
    assert (state(database).spent_ms, state(database).reserved_ms) == (2000, 0)


def test_what_a_dead_claim_had_reserved_counts_as_spent_and_it_settles_nothing_later(database: Database) -> None:
    budget(database, limit_ms=10_000)
    dead = claimed_job(database)
    held = reserver(database, dead).reservation(4000)
    held.cover(4000)
    assert settle_dead(database) == 0  # it lives

    set_job(database, dead.job_id, lease_until_ms=1)
    sweep.expire(database)
    alive = claim(database, worker="w2")
    reserver(database, alive).reservation(1000).cover(1000)
    assert settle_dead(database) == 1
    settle(database, held, 1)  # it wakes up and is late
    found = state(database)
    assert (found.spent_ms, found.reserved_ms) == (4000, 1000)


def test_a_claim_that_ended_in_order_leaves_no_row(database: Database) -> None:
    budget(database, limit_ms=10_000)
    claimed = claimed_job(database)
    held = reserver(database, claimed).reservation(1000)
    held.cover(1000)
    settle(database, held, 600)
    jobs.requeue(database, claimed, due_in_s=0, waiting=None, charge=False)
    settle_dead(database)
    with database.reading() as session:
        assert session.scalars(select(ClaimReservation)).all() == []
    assert state(database).spent_ms == 600


def test_a_cancelled_job_s_worker_has_some_seconds_to_settle_by_itself(database: Database) -> None:
    budget(database, limit_ms=10_000)
    claimed = claimed_job(database)
    reserver(database, claimed).reservation(1000).cover(1000)
    with database.writing() as session:
        jobs.cancel(session, claimed.job_id)
        session.commit()
    assert settle_dead(database) == 0
    set_job(database, claimed.job_id, changed_ms=1)
    assert settle_dead(database) == 1
    assert state(database).spent_ms == 1000


def test_claims_pass_over_the_jobs_of_a_spent_budget_until_it_is_raised(database: Database) -> None:
    budget(database, Scope.ARCHIVE, "tests", Period.DAY, limit_ms=1000)
    claimed, waits = claimed_job(database), submit(database, 2, INTL)
    with pytest.raises(BudgetExhausted) as refused:
        reserver(database, claimed).reservation(1001).try_cover(1001)
    jobs.requeue(database, claimed, due_in_s=60, waiting=refused.value, charge=False)

    told = read_job(database, waits)
    assert told.waiting_code == "budget_exhausted"
    assert "archive 'tests'" in (told.waiting_message or "")
    wake_funded(database)
    assert jobs.claim(database, Lane.NORMAL, "w", 60) is None
    assert state(database).spent_until_ms is not None

    budget(database, Scope.ARCHIVE, "tests", Period.DAY, limit_ms=2000)
    wake_funded(database)
    assert {jobs.claim(database, Lane.NORMAL, "w", 60).job_id for _ in range(2)} == {claimed.job_id, waits}  # type: ignore[union-attr]  # both are due
    assert read_job(database, waits).waiting_code is None
    assert state(database).spent_until_ms is None


def test_a_job_that_is_submitted_meanwhile_says_what_it_waits_for(database: Database) -> None:
    budget(database, Scope.ARCHIVE, "tests", limit_ms=0)
    with pytest.raises(BudgetExhausted):
        reserver(database, claimed_job(database)).reservation(1).try_cover(1)
    with database.writing() as session:
        others = submission.submit(session, new_recording(3, archive="others"), INTL)
        session.commit()
    assert read_job(database, submit(database, 2, INTL)).waiting_code == "budget_exhausted"
    assert read_job(database, others.job_id).waiting_code is None


def test_removing_a_budget_lets_its_jobs_go_and_forgets_it(database: Database) -> None:
    budget(database, limit_ms=0)
    waits = submit(database, 2, INTL)
    with pytest.raises(BudgetExhausted):
        reserver(database, claim(database)).reservation(1).try_cover(1)
    with database.writing() as session:
        remove_budget(session, Scope.DEPLOYMENT, "", Period.ALL)
        session.commit()
        assert budgets_of(session) == []
    wake_funded(database)
    with database.reading() as session:
        assert session.scalars(select(Budget)).all() == []
    assert read_job(database, waits).waiting_code is None


def test_a_job_waits_as_long_as_any_of_its_budgets_is_spent(database: Database) -> None:
    budget(database, limit_ms=0)
    budget(database, Scope.ARCHIVE, "tests", limit_ms=0)
    waits = submit(database, 1, INTL)
    with database.writing() as session:
        session.execute(update(Budget).values(spent_until_ms=2**52))
        session.commit()
    budget(database, limit_ms=10_000)
    wake_funded(database)
    assert jobs.claim(database, Lane.NORMAL, "w", 60) is None
    assert read_job(database, waits).status == "queued"


def test_a_day_s_budget_is_new_on_the_next_day(database: Database) -> None:
    budget(database, period=Period.DAY, limit_ms=1000)
    claimed = claimed_job(database)
    held = reserver(database, claimed).reservation(1000)
    held.cover(1000)
    with database.writing() as session:  # it is yesterday's
        session.execute(update(BudgetPeriod).values(day=BudgetPeriod.day - 1))
        session.execute(update(ClaimReservation).values(day=ClaimReservation.day - 1))
        session.commit()
    assert reserver(database, claimed).reservation(1000).try_cover(1000)


def test_many_at_once_never_pass_the_limit(database: Database) -> None:
    budget(database, limit_ms=10_000)
    claims = [claimed_job(database, number) for number in range(1, 9)]
    begun = threading.Barrier(len(claims))

    def send(claimed: Claim) -> int:
        mine, sent = reserver(database, claimed), 0
        begun.wait()
        for _ in range(6):
            held = mine.reservation(700)
            try:
                if held.try_cover(700):
                    settle(database, held, 700)
                    sent += 700
            except BudgetExhausted:
                break
        return sent

    with ThreadPoolExecutor(len(claims)) as pool:
        sent = sum(pool.map(send, claims))
    found = state(database)
    assert sent == found.spent_ms <= 10_000
    assert found.reserved_ms == 0
    assert found.spent_ms > 10_000 - 700
