import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from sqlalchemy import event

from tests.fixtures.rows import claim as claim_one
from tests.fixtures.rows import read_job, set_job, submit
from tests.fixtures.waiting import wait_for
from worker.attempt.keeper import Keeper
from worker.claims import lease
from worker.claims.claim import Claim
from worker.claims.lease import Lease, Stop
from worker.database import Database
from worker.errors import JobCancelled, LeaseLost, Stopping
from worker.queue import jobs
from worker.spec import Spec

LEASE_S = 60.0
CLAIM = Claim(job_id="j", recording_id="r", worker="w", fence=1, spec=Spec(service="local", model="m"), lease_s=LEASE_S)


@pytest.fixture
def stop() -> Stop:
    return Stop()


@pytest.fixture
def keeper(database: Database, stop: Stop) -> Iterator[Keeper]:
    """A keeper whose rounds are made by the test."""
    made = Keeper(database, lease_s=LEASE_S, renew_s=3600, stop=stop)
    yield made
    made.close()


def claim_job(database: Database, number: int = 1) -> Claim:
    submit(database, number)
    return claim_one(database)


def guard(stop: Stop, *, lease_s: float = LEASE_S, age_s: float = 0.0) -> Lease:
    return Lease(replace(CLAIM, lease_s=lease_s), stop, claimed_at=time.monotonic() - age_s)


def test_a_fresh_lease_lets_everything_through(stop: Stop) -> None:
    fresh = guard(stop)
    fresh.check()
    fresh.check_frame()


@pytest.mark.parametrize(("lease_s", "age_s"), [(60, 54), (8, 5)])
def test_frames_go_out_until_the_last_seconds_of_a_lease(stop: Stop, lease_s: float, age_s: float) -> None:
    guard(stop, lease_s=lease_s, age_s=age_s).check_frame()


@pytest.mark.parametrize(("lease_s", "age_s"), [(60, 55), (8, 6)])
def test_no_frame_goes_out_in_the_last_seconds_of_a_lease(stop: Stop, lease_s: float, age_s: float) -> None:
    with pytest.raises(LeaseLost):
        guard(stop, lease_s=lease_s, age_s=age_s).check_frame()


def test_a_renewal_counts_from_the_time_before_it_was_asked_for(stop: Stop) -> None:
    old = guard(stop, age_s=70)
    old.renewed(time.monotonic() - 54)
    old.check_frame()
    old.renewed(time.monotonic() - 55)
    with pytest.raises(LeaseLost):
        old.check_frame()


def test_a_process_that_stops_ends_its_segments_and_begins_none(stop: Stop) -> None:
    held = guard(stop)
    stop.asked.set()
    held.check_frame()
    with pytest.raises(Stopping):
        held.check()


def test_a_process_that_stops_at_once_sends_nothing_more(stop: Stop) -> None:
    stop.now.set()
    with pytest.raises(Stopping):
        guard(stop).check_frame()


def test_to_get_on_is_to_look_at_the_lease_and_not_to_stall(stop: Stop) -> None:
    for get_on in (Lease.got_on, Lease.got_on_sending):
        held = guard(stop, lease_s=1000, age_s=700)
        assert held.is_stalled(time.monotonic() + 2990)
        get_on(held)
        assert not held.is_stalled(time.monotonic() + 2990)


def test_what_is_sent_goes_on_where_nothing_new_may_begin(stop: Stop) -> None:
    held = guard(stop)
    stop.asked.set()
    held.got_on_sending()
    with pytest.raises(Stopping):
        held.got_on()


def test_who_waits_asks_until_it_is_so_and_gets_on_meanwhile(stop: Stop) -> None:
    held, answers, waited = guard(stop, lease_s=1000, age_s=700), [False, False, True], list[float]()

    def asked(seconds: float) -> bool:
        waited.append(seconds)
        return answers.pop(0)

    held.wait(asked)

    assert waited == [lease.POLL_S] * 3
    assert not held.is_stalled(time.monotonic() + 2990)


def test_who_waits_leaves_when_the_process_stops(stop: Stop) -> None:
    def asked(_seconds: float) -> bool:
        stop.asked.set()
        return False

    with pytest.raises(Stopping):
        guard(stop).wait(asked)
    with pytest.raises(Stopping):
        guard(stop).wait(lambda _seconds: True)


def test_one_statement_renews_all_leases_of_the_process(database: Database, keeper: Keeper) -> None:
    claims = [claim_job(database, 1), claim_job(database, 2)]
    for each in claims:
        set_job(database, each.job_id, lease_until_ms=1)
    updates: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: updates.append(args[2]))
    old = time.monotonic() - 56
    with keeper.keep(claims[0], claimed_at=old) as first, keeper.keep(claims[1], claimed_at=old) as second:
        keeper.renew()
        first.check_frame()
        second.check_frame()

    assert len([statement for statement in updates if "UPDATE" in statement]) == 1
    assert all((read_job(database, each.job_id).lease_until_ms or 0) > 1 for each in claims)


def test_a_cancel_is_learnt_of_at_the_next_round(database: Database, keeper: Keeper) -> None:
    claimed = claim_job(database)
    with keeper.keep(claimed, claimed_at=time.monotonic()) as held:
        with database.writing() as session:
            jobs.cancel(session, claimed.job_id)
            session.commit()
        keeper.renew()
        with pytest.raises(JobCancelled):
            held.check_frame()


def test_a_lease_that_a_successor_holds_is_lost(database: Database, keeper: Keeper) -> None:
    claimed = claim_job(database)
    set_job(database, claimed.job_id, fence=claimed.fence + 1)
    with keeper.keep(claimed, claimed_at=time.monotonic()) as held:
        keeper.renew()
        with pytest.raises(LeaseLost):
            held.check_frame()


def test_a_job_that_is_claimed_again_by_its_own_process_is_kept_for_the_new_claim(
    database: Database, keeper: Keeper
) -> None:
    claimed = claim_job(database)
    with ExitStack() as until_the_end:
        with keeper.keep(claimed, claimed_at=time.monotonic()) as lost:
            with database.writing() as session:
                jobs.cancel(session, claimed.job_id)
                jobs.retry(session, claimed.job_id)
                session.commit()
            successor = keeper.keep(claim_one(database), claimed_at=time.monotonic() - 56)
            held = until_the_end.enter_context(successor)
            keeper.renew()
            with pytest.raises(LeaseLost):
                lost.check_frame()
        set_job(database, claimed.job_id, lease_until_ms=1)
        keeper.renew()
        held.check_frame()
        assert (read_job(database, claimed.job_id).lease_until_ms or 0) > 1


def test_a_job_that_does_not_get_on_is_renewed_no_more(sqlite_database: Database, stop: Stop) -> None:
    keeper = Keeper(sqlite_database, lease_s=LEASE_S, renew_s=3600, stop=stop, stall_s=200)
    claimed = claim_job(sqlite_database)
    with keeper.keep(claimed, claimed_at=time.monotonic() - 201) as held:
        keeper.renew()
        with pytest.raises(LeaseLost):
            held.check_frame()
        held.touch()
        keeper.renew()
        held.check_frame()
    keeper.close()


def test_a_job_that_ended_is_renewed_no_more(sqlite_database: Database, stop: Stop) -> None:
    keeper = Keeper(sqlite_database, lease_s=LEASE_S, renew_s=3600, stop=stop)
    claimed = claim_job(sqlite_database)
    with keeper.keep(claimed, claimed_at=time.monotonic()):
        set_job(sqlite_database, claimed.job_id, lease_until_ms=1)
    keeper.renew()
    keeper.close()

    assert read_job(sqlite_database, claimed.job_id).lease_until_ms == 1


def test_the_keeper_goes_on_when_the_database_is_back(sqlite_database: Database, stop: Stop) -> None:
    claimed = claim_job(sqlite_database)
    keeper = Keeper(sqlite_database, lease_s=LEASE_S, renew_s=0.01, stop=stop)
    with sqlite_database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO away")
    with keeper.keep(claimed, claimed_at=time.monotonic() - 56) as held:
        with pytest.raises(LeaseLost):
            held.check_frame()
        with sqlite_database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO jobs")
        wait_for(lambda: _holds(held))
    keeper.close()


def _holds(held: Lease) -> bool:
    try:
        held.check_frame()
    except LeaseLost:
        return False
    return True
