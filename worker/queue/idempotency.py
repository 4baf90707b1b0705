"""Idempotency keys: a POST that is sent twice is done once, and answered the same both times.

The key's row is inserted in the transaction of what it guards, so there is both or neither, whatever is killed in
between. While that transaction is open, PostgreSQL holds an advisory lock on the key, and a second request with it is
told to come again; on SQLite the write lock does the same by letting it wait.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from worker.database import NOW, now_ms, upsert
from worker.errors import IdempotencyInFlight, IdempotencyMismatch
from worker.models import IdempotencyKey

KEEP_S = 7 * 24 * 3600
UNFINISHED = 0  # no status of HTTP's: the work has several transactions, and not all are done
FORGET_AT_ONCE = 2_000  # in one transaction


@dataclass(frozen=True)
class Replay:
    """What the first request with the key was answered: HTTP's status, and the body with what belongs to it."""

    status: int
    response: dict[str, Any]


def begin(session: Session, key: str, fingerprint: str) -> Replay | None:
    """The stored answer, or None: then do the work in this same transaction and call `complete` before the commit.

    Raises IdempotencyInFlight where another transaction works under the key, and IdempotencyMismatch where the key
    was used for another request.
    """
    if not _reserve(session, key):
        raise IdempotencyInFlight(f"A request with the Idempotency-Key {key!r} is being worked on.")
    row = session.get(IdempotencyKey, key)
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise IdempotencyMismatch(f"The Idempotency-Key {key!r} was used for another request. Use a new key.")
    return Replay(row.status, row.response)


def complete(session: Session, key: str, fingerprint: str, *, status: int, response: dict[str, Any]) -> None:
    """Keep the answer beside the work, to be committed with it; with status UNFINISHED how far the work is."""
    kept = {"status": status, "response": response}
    row = upsert(session, IdempotencyKey).values(key=key, fingerprint=fingerprint, created_ms=now_ms(), **kept)
    session.execute(row.on_conflict_do_update(index_elements=["key"], set_=kept))


def forget_old(session: Session, keep_s: int = KEEP_S, at_most: int = FORGET_AT_ONCE) -> int:
    """Delete keys that nobody will repeat any more; how many."""
    old = select(IdempotencyKey.key).where(IdempotencyKey.created_ms < NOW - keep_s * 1000)
    oldest = session.scalars(old.order_by(IdempotencyKey.created_ms).limit(at_most)).all()  # in an index's order
    if oldest:
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.key.in_(oldest)))
    return len(oldest)


def _reserve(session: Session, key: str) -> bool:
    if session.get_bind().dialect.name == "sqlite":
        return True  # the transaction holds the write lock from its start
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(key, 0)))))
