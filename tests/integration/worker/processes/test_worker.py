"""A worker process's own decisions, made here without Celery."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.rows import read_job, submit
from tests.fixtures.waiting import wait_for
from worker import workers
from worker.database import Database
from worker.processes.worker import STUCK, ProcessTimes, WorkerProcess, resident_bytes
from worker.settings import Settings
from worker.states import Lane

Begin = Callable[..., "Began"]
HASTY = ProcessTimes(look_s=0.02, grace_s=0.02, last_grace_s=0.02)


class Began:
    """A worker process, what it asked of Celery, and the codes with which it would have ended itself."""

    def __init__(self, settings: Settings, patience: ProcessTimes) -> None:
        self.ended: list[int] = []
        self.process = WorkerProcess(settings, self.ended.append, patience=patience)
        self.shut_down = threading.Event()
        self._watch = threading.Thread()

    def watch(self, waiting: int) -> None:
        self._watch = self.process.watch(waiting=lambda _lane: waiting, shut_down=self.shut_down.set)

    def close(self) -> None:
        self.process.stop.asked.set()
        if self._watch.ident is not None:
            self._watch.join()
        self.process.close()


@pytest.fixture
def begin(tmp_path: Path, sqlite_url: str, redis_url: str) -> Iterator[Begin]:
    begun: list[Began] = []

    def start(patience: ProcessTimes = HASTY, **settings: Any) -> Began:  # noqa: ANN401  # any setting
        places: dict[str, Any] = {"home": tmp_path, "database_url": sqlite_url, "redis_url": redis_url}
        begun.append(Began(Settings(**places, **settings), patience))
        return begun[-1]

    yield start
    for each in begun:
        each.close()


def test_one_wake_up_works_off_all_jobs_that_are_due(begin: Begin, sqlite_database: Database) -> None:
    submitted = [submit(sqlite_database, number) for number in range(3)]
    begin().process.work(Lane.NORMAL)

    # their recordings have no bytes anywhere: each was looked at, and failed for that
    assert {read_job(sqlite_database, job_id).error_code for job_id in submitted} == {"source_missing"}


def test_a_process_that_stops_claims_nothing_more(begin: Begin, sqlite_database: Database) -> None:
    job_id = submit(sqlite_database)
    begun = begin()
    begun.process.stop.asked.set()
    begun.process.work(Lane.NORMAL)

    assert read_job(sqlite_database, job_id).status == "queued"


def test_a_process_says_that_it_lives_and_what_room_it_has(begin: Begin, sqlite_database: Database) -> None:
    begin(jobs=7).watch(waiting=0)
    wait_for(lambda: workers.slots(sqlite_database) == 7)


def test_a_process_that_did_its_number_of_jobs_ends_in_good_order(begin: Begin, sqlite_database: Database) -> None:
    submit(sqlite_database)
    begun = begin(worker_max_jobs=1)
    begun.process.work(Lane.NORMAL)
    begun.watch(waiting=0)

    assert begun.shut_down.wait(30)
    assert begun.process.exit_code == 0


def test_a_process_that_has_grown_ends_in_good_order(begin: Begin) -> None:
    begun = begin(worker_max_bytes=1)
    begun.watch(waiting=0)

    assert begun.shut_down.wait(30)
    assert begun.process.exit_code == 0


def test_a_process_that_hears_no_wake_up_ends_with_a_code(begin: Begin) -> None:
    begun = begin(replace(HASTY, silence_s=0.1))
    begun.watch(waiting=3)

    assert begun.shut_down.wait(30)
    assert begun.process.exit_code == STUCK


def test_a_process_that_does_not_end_within_its_grace_is_ended(begin: Begin) -> None:
    begun = begin(worker_max_bytes=1)
    begun.watch(waiting=0)
    begun.close()

    assert begun.ended == [STUCK]


def test_memory_is_told_in_bytes() -> None:
    assert 10_000_000 < resident_bytes() < 10_000_000_000
