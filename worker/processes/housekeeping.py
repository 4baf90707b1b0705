"""What nobody needs any more is deleted: by the dispatcher, now and then."""

from worker import workers
from worker.database import Database
from worker.queue import idempotency


def tidy(database: Database) -> None:
    """Delete old idempotency keys, a few in each transaction, and the rows of processes that are gone."""
    workers.forget_gone(database)
    while _forget_some_keys(database):
        pass


def _forget_some_keys(database: Database) -> int:
    with database.writing() as session:
        forgotten = idempotency.forget_old(session)
        session.commit()
    return forgotten
