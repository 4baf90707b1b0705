"""Attempts under a budget, in this process, with the real parts: what the service receives never passes the limit."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.fixtures.attempts import SPEC, Worker
from tests.fixtures.hostile import HostileServer, Peer
from tests.fixtures.recognizer import StartRecognizer
from tests.fixtures.sounds import noise, silence, talk
from tests.fixtures.stream_scripts import to_the_end
from worker.budgets import BudgetState, Period, Scope, budgets_of, set_budget
from worker.models import ClaimReservation
from worker.queue import jobs
from worker.spending.sweep import wake_funded
from worker.states import Lane, Segmentation

THREE = ((2000, 2000), (3000, 2000), (2500, 2000))  # 13.5 s with 7.5 s of sound in three utterances
CUT = replace(SPEC, segmentation=Segmentation.DOCUMENT, cut={"soft_ms": 0, "target_ms": 2000, "limit_ms": 4000})


@pytest.fixture
def worker(tmp_path: Path, database_url: str, redis_url: str, start_recognizer: StartRecognizer) -> Iterator[Worker]:
    settings = {"home": tmp_path, "database_url": database_url, "redis_url": redis_url, "jobs": 2, "renew_s": 3600}
    (tmp_path / "prices.toml").write_text("[local.scripted]\nusd_per_s = 0.001\n")
    made = Worker(tmp_path, settings, start_recognizer)
    made.open()
    yield made
    made.close()


def allow(worker: Worker, **limits: int) -> None:
    with worker.resources.database.writing() as session:
        set_budget(session, Scope.ARCHIVE, "tests", Period.ALL, **limits)
        session.commit()
    worker.resources.budgets.forget()
    wake_funded(worker.resources.database)


def state(worker: Worker) -> BudgetState:
    with worker.resources.database.reading() as session:
        [found] = budgets_of(session, Scope.ARCHIVE, "tests")
        assert sum(session.scalars(select(ClaimReservation.reserved_ms))) == found.reserved_ms
    return found


def test_a_job_within_its_budget_spends_what_it_sent(worker: Worker) -> None:
    job_id = worker.submit(talk(*THREE), spec=CUT)
    allow(worker, limit_ms=60_000, limit_nusd=10**9)
    worker.attempt()

    found = state(worker)
    assert worker.job(job_id).status == "succeeded"
    assert (found.spent_ms, found.reserved_ms) == (worker.sent_ms(job_id), 0)
    assert found.spent_nusd == found.spent_ms * 1000


def test_a_job_that_meets_the_end_of_a_budget_waits_and_goes_on_when_it_is_raised(worker: Worker) -> None:
    job_id = worker.submit(talk(*THREE), spec=CUT)
    allow(worker, limit_ms=6000)
    worker.attempt()

    waits = worker.job(job_id)
    assert (waits.status, waits.waiting_code, waits.attempts) == ("queued", "budget_exhausted", 0)
    assert "archive 'tests'" in (waits.waiting_message or "")
    assert 0 < worker.received_ms() == state(worker).spent_ms <= 6000
    assert jobs.claim(worker.resources.database, Lane.NORMAL, "w", 60) is None

    before = worker.received_ms()
    allow(worker, limit_ms=60_000)
    worker.attempt()
    assert worker.job(job_id).status == "succeeded"
    assert worker.received_ms() == state(worker).spent_ms == worker.sent_ms(job_id)
    assert worker.received_ms() > before


def test_a_job_under_a_limit_of_nothing_sends_nothing(worker: Worker) -> None:
    job_id = worker.submit(talk(*THREE), spec=CUT)
    allow(worker, limit_nusd=0)
    worker.attempt()
    assert worker.job(job_id).waiting_code == "budget_exhausted"
    assert worker.received_ms() == 0


def test_what_was_answered_before_is_reused_without_a_budget(worker: Worker) -> None:
    first = worker.submit(talk(*THREE), spec=CUT)
    worker.attempt()
    assert worker.job(first).status == "succeeded"
    allow(worker, limit_ms=0)
    again = worker.submit(talk(*THREE), spec=replace(CUT, priority=1, cut={**CUT.cut, "pause_ms": 300}))
    worker.attempt()
    assert worker.job(again).status == "succeeded"
    assert state(worker).spent_ms == 0


def test_a_second_sending_is_reserved_too_and_not_made_where_there_is_no_room(worker: Worker) -> None:
    worker.open(fault="reset")  # no answer ever comes back
    job_id = worker.submit(talk((3000, 0)), spec=CUT)
    allow(worker, limit_ms=4000)
    worker.attempt()
    assert worker.job(job_id).waiting_code == "budget_exhausted"
    assert worker.received_ms() == state(worker).spent_ms == worker.sent_ms(job_id) == 3000


def test_as_often_as_it_is_sent_it_is_paid(worker: Worker) -> None:
    worker.open(fault="reset")
    job_id = worker.submit(talk((3000, 0)), spec=CUT)
    allow(worker, limit_ms=60_000)
    worker.attempt()
    assert worker.job(job_id).waiting_code == "connection_lost"
    assert worker.received_ms() == state(worker).spent_ms == worker.sent_ms(job_id) > 3000
    assert state(worker).reserved_ms == 0


def test_a_stream_pays_for_silence_too_and_gives_back_what_it_did_not_send(worker: Worker) -> None:
    job_id = worker.submit(talk(*THREE))
    allow(worker, limit_ms=60_000)
    worker.attempt()
    found = state(worker)
    assert worker.job(job_id).status == "succeeded"
    assert (found.spent_ms, found.reserved_ms) == (worker.sent_ms(job_id), 0)
    assert found.spent_ms == worker.received_ms() >= 13_500


def test_a_stream_may_use_a_budget_to_its_last_millisecond(worker: Worker) -> None:
    job_id = worker.submit(talk(*THREE))
    allow(worker, limit_ms=13_500)
    worker.attempt()
    assert worker.job(job_id).status == "succeeded"
    assert state(worker).spent_ms == 13_500


def test_a_stream_that_meets_the_end_of_a_budget_keeps_what_was_said_and_goes_on_behind_it(
    worker: Worker,
) -> None:
    job_id = worker.submit(talk(*THREE), spec=SPEC)
    allow(worker, limit_ms=8500)
    worker.attempt()
    waits = worker.job(job_id)
    assert (waits.status, waits.waiting_code) == ("queued", "budget_exhausted")
    assert worker.received_ms() == state(worker).spent_ms <= 8500
    heard = [segment.id for segment in worker.segments(job_id)]
    assert heard

    allow(worker, limit_ms=60_000)
    worker.attempt()
    assert worker.job(job_id).status == "succeeded"
    assert [segment.id for segment in worker.segments(job_id)][: len(heard)] == heard
    assert worker.received_ms() == state(worker).spent_ms == worker.sent_ms(job_id)


def test_a_stream_pays_for_what_it_sends_again(worker: Worker) -> None:
    def hears_nothing(peer: Peer) -> None:
        peer.greet()
        to_the_end(peer)

    worker.tune(unknown_ms=10_000, quiet_s=0.1)
    with HostileServer(hears_nothing) as server:
        worker.open_at(server.url)
        job_id = worker.submit(noise(13_000))
        allow(worker, limit_ms=17_999)
        worker.attempt()
        assert worker.job(job_id).waiting_code == "budget_exhausted"
        allow(worker, limit_ms=60_000)
        worker.attempt()
        heard_ms = sum(peer.audio_bytes // 32 for peer in server.peers)

    assert worker.job(job_id).status == "succeeded"
    assert heard_ms == worker.sent_ms(job_id) == state(worker).spent_ms > 18_000
    assert state(worker).reserved_ms == 0


def test_silence_costs_a_budget_nothing_where_we_cut(worker: Worker) -> None:
    job_id = worker.submit(silence(3000), spec=CUT)
    allow(worker, limit_ms=0)
    worker.attempt()
    assert worker.job(job_id).status == "succeeded"


def test_a_price_that_is_missing_fails_the_job_before_anything_is_sent(worker: Worker) -> None:
    (worker.folder / "prices.toml").write_text("")
    remote = replace(CUT, service="mine", model="m")
    (worker.folder / "services.toml").write_text(
        f'[mine]\nurl = "{worker.resources.services.find("local").url}"\nmodel = "m"\n'
    )
    job_id = worker.submit(talk(*THREE), spec=remote)
    allow(worker, limit_nusd=10**12)
    worker.attempt()
    assert (worker.job(job_id).status, worker.job(job_id).error_code) == ("failed", "price_unknown")
    assert worker.received_ms() == 0
