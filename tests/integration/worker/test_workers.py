"""The workers' room by their signs of life."""

from sqlalchemy import update

from worker import workers
from worker.database import Database
from worker.models import WorkerProcess


def test_room_is_that_of_all_living_workers(database: Database) -> None:
    workers.register(database, "w1", 16)
    workers.register(database, "w2", 8)
    assert workers.slots(database) == 24


def test_registering_again_replaces(database: Database) -> None:
    workers.register(database, "w1", 16)
    workers.register(database, "w1", 4)
    assert workers.slots(database) == 4


def test_worker_that_is_not_seen_any_more_has_no_room(database: Database) -> None:
    workers.register(database, "w1", 16)
    with database.writing() as session:
        session.execute(update(WorkerProcess).values(seen_ms=WorkerProcess.seen_ms - 61_000))
        session.commit()
    assert workers.slots(database) == 0


def test_no_worker_is_no_room(database: Database) -> None:
    assert workers.slots(database) == 0
