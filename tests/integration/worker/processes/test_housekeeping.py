from sqlalchemy import func, select, update

from worker import workers
from worker.database import Database
from worker.models import DispatcherProcess, IdempotencyKey, WorkerProcess
from worker.processes.housekeeping import tidy
from worker.queue import idempotency


def _keep(database: Database, *keys: str) -> None:
    with database.writing() as session:
        for key in keys:
            idempotency.complete(session, key, "f" * 64, status=200, response={})
        session.commit()


def test_old_keys_are_forgotten_a_few_at_a_time_and_young_ones_kept(database: Database) -> None:
    _keep(database, *(f"old {number}" for number in range(5)))
    with database.writing() as session:
        session.execute(update(IdempotencyKey).values(created_ms=1))
        session.commit()
    _keep(database, "young")
    tidy(database, keys_at_once=2)

    with database.reading() as session:
        assert list(session.scalars(select(IdempotencyKey.key))) == ["young"]


def test_processes_that_are_gone_leave_no_rows(database: Database) -> None:
    for name in ("gone", "here"):
        workers.register(database, name, 4)
        workers.note_round(database, name)
    with database.writing() as session:
        for kind in (WorkerProcess, DispatcherProcess):
            session.execute(update(kind).where(kind.name == "gone").values(seen_ms=1))
        session.commit()
    tidy(database)

    with database.reading() as session:
        counts = [session.scalar(select(func.count()).select_from(kind)) for kind in (WorkerProcess, DispatcherProcess)]
    assert counts == [1, 1]
