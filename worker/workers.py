"""The processes of the fleet in SQL: workers' signs of life and their room, dispatchers' rounds."""

from sqlalchemy import delete, func, select

from worker.database import Database, now_ms, upsert
from worker.models import DispatcherProcess, WorkerProcess

STALE_MS = 60_000  # a worker that has not been seen for this long has no room; its leases end by themselves
GONE_MS = 24 * 3600 * 1000


def register(database: Database, worker: str, slots: int) -> None:
    """Say that this worker process lives, and how many jobs it takes; 0 when it is going down."""
    row = {"slots": slots, "seen_ms": now_ms()}
    with database.writing() as session:
        insert = upsert(session, WorkerProcess).values(name=worker, **row)
        session.execute(insert.on_conflict_do_update(index_elements=["name"], set_=row))
        session.commit()


def slots(database: Database) -> int:
    """The room of all workers that were seen within the last minute."""
    alive = WorkerProcess.seen_ms > now_ms() - STALE_MS
    with database.reading() as session:
        return int(session.scalar(select(func.coalesce(func.sum(WorkerProcess.slots), 0)).where(alive)) or 0)


def note_round(database: Database, dispatcher: str) -> None:
    """Say that this dispatcher has just done a round."""
    with database.writing() as session:
        insert = upsert(session, DispatcherProcess).values(name=dispatcher, seen_ms=now_ms())
        session.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"seen_ms": now_ms()}))
        session.commit()


def dispatcher_age_ms(database: Database) -> int | None:
    """How long ago any dispatcher did its last round; None where none ever did."""
    with database.reading() as session:
        return session.scalar(select(now_ms() - func.max(DispatcherProcess.seen_ms)))


def forget_gone(database: Database) -> None:
    """Delete the rows of processes that have not been seen for a day."""
    with database.writing() as session:
        for kind in (WorkerProcess, DispatcherProcess):
            session.execute(delete(kind).where(kind.seen_ms < now_ms() - GONE_MS))
        session.commit()
