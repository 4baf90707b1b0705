"""Bytes in the media store that nobody needs: of submissions that were refused or killed after storing them, and
manifests that were read.
"""

from itertools import islice

from sqlalchemy import select

from worker.database import Database
from worker.imports.life import manifests_in_use
from worker.media.store import ABANDONED_S, MediaStore
from worker.models import Recording

AT_ONCE = 500


def sweep_leftovers(database: Database, media: MediaStore, older_than_s: float = ABANDONED_S) -> int:
    """Remove what was stored a day ago and has no recording; how many files.

    A submission stores first and inserts a moment later. So what is old and has no recording gets none any more,
    unless it is stored again, and then it is not old.
    """
    keys, removed = media.keys(older_than_s), 0
    while some := list(islice(keys, AT_ONCE)):
        removed += sum(media.discard_old(key, older_than_s) for key in _unknown(database, some))
    return removed


def _unknown(database: Database, keys: list[str]) -> list[str]:
    with database.reading() as session:
        known = manifests_in_use(session)
        known |= set(session.scalars(select(Recording.media_key).where(Recording.digest.in_(key[3:] for key in keys))))
    return [key for key in keys if key not in known]
