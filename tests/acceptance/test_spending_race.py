"""Worker processes race for the last seconds of a budget: what the service receives never passes it."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fixtures.sounds import talk, write_wav
from tests.fixtures.waiting import wait_for
from tests.fixtures.worker_processes import SCRIPTED, Fleet, running_fleet
from worker.budgets import BudgetState, Period, Scope, budgets_of, set_budget
from worker.states import JobState

SEGMENTS = replace(SCRIPTED, cut={"soft_ms": 0, "target_ms": 1000, "limit_ms": 4000})
JOBS = 6
SOUND_MS = 6000  # in each, in four utterances


@pytest.fixture
def fleet(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[Fleet]:
    with running_fleet(tmp_path, database_url=database_url, redis_url=redis_url) as made:
        yield made


def allow(fleet: Fleet, limit_ms: int) -> None:
    for period in Period:
        with fleet.database.writing() as session:
            set_budget(session, Scope.ARCHIVE, "tests", period, limit_ms=limit_ms)
            session.commit()


def state(fleet: Fleet) -> BudgetState:
    with fleet.database.reading() as session:
        day, all_ = sorted(budgets_of(session), key=lambda one: one.period, reverse=True)
    assert (day.spent_ms, day.reserved_ms) == (all_.spent_ms, all_.reserved_ms)
    return day


def received_ms(fleet: Fleet) -> int:
    return sum(int(entry["bytes"]) for entry in fleet.received("append")) // 32


def submit_some(fleet: Fleet, folder: Path) -> list[str]:
    sounds = [
        talk((1000 + 7 * number, 900), (2000, 900), (1500, 900), (1500 - 7 * number, 0)) for number in range(JOBS)
    ]
    return [fleet.submit(write_wav(folder / f"{number}.wav", sound), SEGMENTS) for number, sound in enumerate(sounds)]


def nothing_runs(fleet: Fleet) -> bool:
    return fleet.count(JobState.RUNNING) == 0 and state(fleet).spent_until_ms is not None


def test_two_workers_never_pass_a_budget_and_go_on_when_it_is_raised(fleet: Fleet, tmp_path: Path) -> None:
    limit_ms = JOBS * SOUND_MS // 2 + 123
    allow(fleet, limit_ms)
    fleet.start_service(latency_ms=100)
    submitted = submit_some(fleet, tmp_path)
    fleet.start_dispatcher()
    for _ in range(2):
        fleet.start_worker()

    wait_for(lambda: nothing_runs(fleet))
    wait_for(lambda: state(fleet).reserved_ms == 0)
    assert received_ms(fleet) == state(fleet).spent_ms <= limit_ms
    assert state(fleet).spent_ms > limit_ms - 4000  # a segment at most is left over
    waiting = [job for job in map(fleet.job, submitted) if job.status == "queued"]
    assert {job.waiting_code for job in waiting} == {"budget_exhausted"}

    allow(fleet, 3600_000)
    assert {fleet.ended(job_id).status for job_id in submitted} == {"succeeded"}
    assert received_ms(fleet) == state(fleet).spent_ms
    assert received_ms(fleet) == sum(segment.sent_ms for job_id in submitted for segment in fleet.segments(job_id))


def test_what_a_killed_worker_had_on_its_way_stays_in_the_budget(fleet: Fleet, tmp_path: Path) -> None:
    limit_ms = JOBS * SOUND_MS // 2
    allow(fleet, limit_ms)
    fleet.start_service(latency_ms=1500)
    submit_some(fleet, tmp_path)
    fleet.start_dispatcher()
    killed = fleet.start_worker()
    wait_for(lambda: fleet.received("commit"))
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    sent_ms = received_ms(fleet)
    fleet.start_worker()

    wait_for(lambda: nothing_runs(fleet))
    wait_for(lambda: state(fleet).reserved_ms == 0)
    assert received_ms(fleet) <= state(fleet).spent_ms <= limit_ms
    assert state(fleet).spent_ms > sent_ms > 0
