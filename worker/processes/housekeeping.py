"""What nobody needs any more is deleted: rows by the dispatcher, bytes in the media store by workers, now and then.

Such bytes are of submissions that were refused or killed after storing them, and manifests that were read.
"""

from itertools import islice

from sqlalchemy import select

from worker import workers
from worker.database import Database
from worker.imports.life import manifests_in_use
from worker.media.store import ABANDONED_S, MediaStore
from worker.models import Recording
from worker.queue import idempotency

FILES_AT_ONCE = 500


def tidy(database: Database, *, keys_at_once: int = idempotency.FORGET_AT_ONCE) -> None:
    """Delete old idempotency keys, a few in each transaction, and the rows of processes that are gone."""
    workers.forget_gone(database)
    forgotten = keys_at_once
    while forgotten == keys_at_once:
        forgotten = _forget_keys(database, keys_at_once)


def _forget_keys(database: Database, at_most: int) -> int:
    with database.writing() as session:
        forgotten = idempotency.forget_old(session, at_most=at_most)
        session.commit()
    return forgotten


def sweep_leftovers(
    database: Database, media: MediaStore, older_than_s: float = ABANDONED_S, *, at_once: int = FILES_AT_ONCE
) -> int:
    """Remove what was stored a day ago and has no recording; how many files.

    A submission stores first and inserts a moment later. So what is old and has no recording gets none any more,
    unless it is stored again, and then it is not old.
    """
    keys, removed = media.keys(older_than_s), 0
    while some := list(islice(keys, at_once)):
        removed += sum(media.discard_old(key, older_than_s) for key in _unused(database, some))
    return removed


def _unused(database: Database, keys: list[str]) -> list[str]:
    with database.reading() as session:
        used = manifests_in_use(session)
        used |= set(session.scalars(select(Recording.media_key).where(Recording.digest.in_(key[3:] for key in keys))))
    return [key for key in keys if key not in used]
