"""What jobs wait for, and marks on those that are blocked: claims begin behind them, and a wrong one is put right."""

import random
from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update

from realtime.protocol.errors import KeyRefused
from tests.fixtures.rows import SPEC, claim, new_recording, read_job, set_job, submit, tell_used_up, use_up
from worker import breakers
from worker.budgets import Period, Scope, remove_budget
from worker.database import Database, now_ms
from worker.models import Budget, Job, ServiceState
from worker.queue import claim_query, jobs, submission
from worker.queue.waiting import blocked_by, by_budget, by_service, keep_marks, tell, wake
from worker.spending.sweep import wake_funded
from worker.states import Lane

LOCAL = by_service("local")


def mark(database: Database, job_id: str) -> str:
    return read_job(database, job_id).held_by


def put_off(database: Database, by_ms: int) -> None:
    """Let the probes of all services be due so much later than now."""
    with database.writing() as session:
        session.execute(update(ServiceState).values(next_try_ms=now_ms() + by_ms))
        session.commit()


def test_who_closes_a_service_marks_what_is_queued_and_who_opens_it_frees_it(database: Database) -> None:
    job_id, other = submit(database, 1), submit(database, 2, replace(SPEC, service="intl"))
    breakers.service_trouble(database, "local", KeyRefused())
    assert (mark(database, job_id), mark(database, other)) == (LOCAL, "")
    assert breakers.service_recovered(database, "local")
    assert mark(database, job_id) == ""


def test_a_job_is_marked_as_it_is_submitted(database: Database) -> None:
    breakers.service_trouble(database, "local", KeyRefused())
    assert mark(database, submit(database)) == LOCAL


def test_a_job_that_is_submitted_while_a_probe_is_due_may_be_the_probe(database: Database) -> None:
    breakers.service_trouble(database, "local", KeyRefused())
    put_off(database, -1)
    job_id = submit(database)
    assert claim(database).job_id == job_id


def test_a_used_up_budget_marks_and_its_removal_frees(database: Database) -> None:
    job_id = submit(database)
    budget_id = use_up(database, Scope.ARCHIVE, "tests")
    tell_used_up(database, budget_id)
    assert mark(database, job_id) == mark(database, submit(database, 2)) == by_budget(budget_id)
    with database.writing() as session:
        remove_budget(session, Scope.ARCHIVE, "tests", Period.ALL)
        session.commit()
    wake_funded(database)
    assert mark(database, job_id) == ""


def test_a_job_behind_two_doors_waits_for_both(database: Database) -> None:
    budget_id = use_up(database, Scope.ARCHIVE, "tests")
    breakers.service_trouble(database, "local", KeyRefused())
    job_id = submit(database)
    assert mark(database, job_id) == LOCAL
    with database.writing() as session:
        session.execute(delete(ServiceState))
        session.commit()
    keep_marks(database)
    assert mark(database, job_id) == by_budget(budget_id)
    assert jobs.claim(database, Lane.NORMAL, "w1", 60) is None


@pytest.mark.parametrize("wrong", ["service:local", "service:gone", "budget:gone"])
def test_a_mark_that_nothing_stands_behind_is_taken_off(database: Database, wrong: str) -> None:
    job_id = submit(database)
    set_job(database, job_id, held_by=wrong)
    assert claim_query.count_due(database, Lane.NORMAL, 10) == 0
    keep_marks(database)
    assert claim_query.count_due(database, Lane.NORMAL, 10) == 1


def test_a_job_that_slipped_through_is_passed_over_and_then_marked(database: Database) -> None:
    breakers.service_trouble(database, "local", KeyRefused())
    job_id = submit(database)
    set_job(database, job_id, held_by="")
    assert jobs.claim(database, Lane.NORMAL, "w1", 60) is None
    keep_marks(database)
    assert mark(database, job_id) == LOCAL


def test_more_jobs_than_a_slice_are_told_and_woken(database: Database) -> None:
    submitted = [submit(database, number) for number in range(5)]
    own = (Job.service == "local",)
    tell(database, own, KeyRefused(), at_once=2)
    assert {read_job(database, job_id).waiting_code for job_id in submitted} == {"key_refused"}
    wake(database, own, "key_refused", at_once=2)
    assert {read_job(database, job_id).waiting_code for job_id in submitted} == {None}


def test_a_mark_is_seen_by_nobody(database: Database) -> None:
    job_id = submit(database)
    set_job(database, job_id, held_by="service:gone")
    before = read_job(database, job_id).changed_ms
    keep_marks(database)
    assert read_job(database, job_id).changed_ms == before


def test_what_ends_while_it_is_held_has_no_mark(database: Database) -> None:
    breakers.service_trouble(database, "local", KeyRefused())
    job_id = submit(database)
    with database.writing() as session:
        jobs.cancel(session, job_id)
        session.commit()
    assert mark(database, job_id) == ""


def test_the_best_of_those_behind_an_opened_door_come_first(database: Database) -> None:
    old, middle, young = (submit(database, number, replace(SPEC, priority=number // 3)) for number in (1, 2, 3))
    for job_id in (old, middle, young):
        set_job(database, job_id, held_by="service:gone")
    keep_marks(database, few=2)
    assert [mark(database, job_id) for job_id in (young, old, middle)] == ["", "", "service:gone"]
    keep_marks(database, few=2)
    assert mark(database, middle) == ""


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happened_all_that_may_be_claimed_is_free_after_some_rounds(database: Database, seed: int) -> None:
    dice, services, archives = random.Random(seed), ("local", "intl", "us"), ("a", "b", "c")
    budgets = {archive: use_up(database, Scope.ARCHIVE, archive) for archive in archives}
    for number in range(30):
        service, archive = dice.choice(services), dice.choice(archives)
        marks = ("", by_service(service), by_budget(budgets[archive]), by_budget("gone"))
        spec = replace(SPEC, service=service, priority=dice.randrange(3))
        with database.writing() as session:
            job_id = submission.submit(session, new_recording(number, archive=archive), spec).job_id
            session.commit()
        set_job(database, job_id, held_by=dice.choice(marks))
    breakers.service_trouble(database, dice.choice(services), KeyRefused())
    with database.writing() as session:
        opened = Budget.name.in_(dice.sample(archives, 2))
        session.execute(update(Budget).where(opened).values(spent_until_ms=None))
        session.commit()

    for _ in range(10):
        keep_marks(database, few=3)
    with database.reading() as session:
        free = session.scalars(select(Job.held_by).where(blocked_by(Job) == "")).all()
    assert set(free) == {""}
    assert claim_query.count_due(database, Lane.NORMAL, 100) == len(free)
