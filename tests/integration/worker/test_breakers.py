"""One breaker a service for the whole fleet."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from realtime.protocol.errors import BillUnpaid, KeyRefused, QuotaExceeded, RateLimited
from tests.fixtures.rows import SPEC, claim, read_job, submit
from worker import breakers
from worker.database import Database
from worker.hints import hint_of
from worker.models import ServiceState
from worker.queue import claim_query, jobs
from worker.queue.waiting import keep_marks
from worker.states import BreakerState, Lane


def _let_probe_be_due(database: Database) -> None:
    with database.writing() as session:
        session.execute(update(ServiceState).values(next_try_ms=1))
        session.commit()


def test_service_without_trouble_is_open_to_all(database: Database) -> None:
    assert breakers.service_states(database) == {}
    assert breakers.may_probe(database, "local")
    assert not breakers.service_recovered(database, "local")


def test_refusal_opens_the_breaker_and_says_why(database: Database) -> None:
    breakers.service_trouble(database, "intl", KeyRefused("no such key"))
    status = breakers.service_states(database)["intl"]
    assert (status.state, status.code, status.message) == (BreakerState.REFUSED, "key_refused", "no such key")
    assert status.next_try_ms == pytest.approx(status.since_ms + 60_000, abs=1000)


def test_limit_is_told_from_a_refusal(database: Database) -> None:
    breakers.service_trouble(database, "intl", QuotaExceeded(retry_after_s=300))
    status = breakers.service_states(database)["intl"]
    assert status.state == BreakerState.LIMITED
    assert status.next_try_ms == pytest.approx(status.since_ms + 300_000, abs=1000)


def test_one_probe_a_minute_for_the_whole_fleet(database: Database) -> None:
    breakers.service_trouble(database, "intl", KeyRefused())
    assert not breakers.may_probe(database, "intl")
    _let_probe_be_due(database)
    assert [breakers.may_probe(database, "intl") for _ in range(3)] == [True, False, False]


def test_stragglers_neither_put_a_probe_off_nor_change_since_when(database: Database) -> None:
    breakers.service_trouble(database, "intl", KeyRefused())
    before = breakers.service_states(database)["intl"]
    breakers.service_trouble(database, "intl", BillUnpaid())
    after = breakers.service_states(database)["intl"]
    assert after == replace(before, code="bill_unpaid", message=hint_of(BillUnpaid))


def test_recovery_opens_it_for_all(database: Database) -> None:
    breakers.service_trouble(database, "intl", KeyRefused())
    assert breakers.service_recovered(database, "intl")
    status = breakers.service_states(database)["intl"]
    assert (status.state, status.code, status.next_try_ms) == (BreakerState.OPEN, None, None)
    assert breakers.may_probe(database, "intl")
    assert not breakers.service_recovered(database, "intl")


def test_claims_pass_over_a_refused_service_until_a_probe_is_due(database: Database) -> None:
    submit(database, 1)
    other = submit(database, 2, replace(SPEC, service="intl"))
    breakers.service_trouble(database, "local", KeyRefused())
    assert claim_query.count_due(database, Lane.NORMAL, 10) == 1
    assert claim(database).job_id == other
    assert jobs.claim(database, Lane.NORMAL, "w1", 60) is None
    _let_probe_be_due(database)
    keep_marks(database)
    assert jobs.claim(database, Lane.NORMAL, "w1", 60) is not None


def test_work_goes_on_at_a_service_that_asks_to_come_slower(database: Database) -> None:
    submit(database)
    breakers.service_trouble(database, "local", RateLimited())
    assert jobs.claim(database, Lane.NORMAL, "w1", 60) is not None
    assert [breakers.may_probe(database, "local") for _ in range(3)] == [True] * 3
    status = breakers.service_states(database)["local"]
    assert (status.state, status.code, status.next_try_ms) == (BreakerState.LIMITED, "rate_limited", None)


def test_a_limit_is_shown_for_a_while_though_answers_come_and_nobody_is_made_due_by_its_end(
    database: Database,
) -> None:
    submit(database)
    breakers.service_trouble(database, "local", RateLimited())
    jobs.requeue(database, claim(database), due_in_s=3600, waiting=RateLimited(), charge=False)
    assert not breakers.service_recovered(database, "local")
    with database.writing() as session:
        session.execute(update(ServiceState).values(since_ms=1))
        session.commit()
    assert breakers.service_recovered(database, "local")
    assert breakers.service_states(database)["local"].state == BreakerState.OPEN
    assert jobs.claim(database, Lane.NORMAL, "w1", 60) is None


def test_a_limit_hides_no_refusal(database: Database) -> None:
    breakers.service_trouble(database, "local", KeyRefused())
    breakers.service_trouble(database, "local", RateLimited())
    assert breakers.service_states(database)["local"].code == "key_refused"
    assert not breakers.may_probe(database, "local")


def test_a_used_up_quota_is_waited_for_and_one_probe_asks_after_it(database: Database) -> None:
    waiting = submit(database)
    breakers.service_trouble(database, "local", QuotaExceeded(retry_after_s=300))
    assert jobs.claim(database, Lane.NORMAL, "w1", 60) is None
    later = submit(database, 2)
    assert {read_job(database, job_id).waiting_code for job_id in (waiting, later)} == {"quota_exceeded"}
    _let_probe_be_due(database)
    keep_marks(database)
    claim(database)
    assert [breakers.may_probe(database, "local") for _ in range(2)] == [True, False]
    breakers.service_recovered(database, "local")
    assert read_job(database, later).waiting_code is None


def test_every_queued_job_says_that_its_service_refuses(database: Database) -> None:
    before, elsewhere = submit(database, 1), submit(database, 2, replace(SPEC, service="intl"))
    breakers.service_trouble(database, "local", KeyRefused("no such key"))
    after = submit(database, 3)
    codes = [read_job(database, job_id).waiting_code for job_id in (before, elsewhere, after)]
    assert codes == ["key_refused", None, "key_refused"]


def test_jobs_that_waited_are_due_when_the_service_is_back(database: Database) -> None:
    submit(database)
    claimed = claim(database)
    breakers.service_trouble(database, "local", KeyRefused())
    jobs.requeue(database, claimed, due_in_s=3600, waiting=KeyRefused(), charge=False)
    breakers.service_recovered(database, "local")
    job = read_job(database, claimed.job_id)
    assert (job.waiting_code, job.waiting_since_ms) == (None, None)
    assert claim(database).job_id == job.id
