"""Keys of the API. A key's text is ``lh_<id>_<secret>``: 8 characters of an id that may be shown, then 32 random bytes.

Of the secret only the digest is kept, so a text is seen once, when it is made. Whether a key holds is asked of the
database's clock.
"""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from worker.database import NOW, Database, change, clock, upsert
from worker.errors import KeyMissing, UnknownKey
from worker.models import ApiKey
from worker.statements import execute
from worker.states import KeyScope

DEFAULT_TENANT = "default"
TEXT = re.compile(r"lh_([a-z0-9]{8})_([A-Za-z0-9_-]{43})")
ID_CHARACTERS = string.ascii_lowercase + string.digits
ID_LENGTH = 8
SECRET_BYTES = 32
DAY_MS = 24 * 3600 * 1000
HOUR_MS = 3600 * 1000  # how exactly the last use is kept

HOLDS: ColumnElement[bool] = and_(
    ApiKey.revoked_ms.is_(None), or_(ApiKey.expires_ms.is_(None), ApiKey.expires_ms > NOW)
)
_FIND = select(
    ApiKey.id,
    ApiKey.tenant_id,
    ApiKey.secret_sha256,
    ApiKey.scopes,
    or_(ApiKey.last_used_ms.is_(None), ApiKey.last_used_ms <= NOW - HOUR_MS).label("is_stale"),
).where(ApiKey.id == bindparam("id"), HOLDS)
_USE = (
    update(ApiKey.__table__)  # type: ignore[arg-type]  # a table
    .where(ApiKey.id == bindparam("key"))
    .values(last_used_ms=NOW)
)


@dataclass(frozen=True)
class Key:
    """A key that holds. ``is_stale`` says that its last use is not known to the hour."""

    id: str
    tenant_id: str
    scopes: frozenset[KeyScope]
    is_stale: bool = False

    def allows(self, scope: KeyScope) -> bool:
        return scope in self.scopes or KeyScope.ADMIN in self.scopes


@dataclass(frozen=True)
class MadeKey:
    """A key just made: the only moment at which its text is known."""

    id: str
    text: str


def make(
    session: Session,
    name: str,
    scopes: Iterable[KeyScope],
    *,
    lasts_ms: int | None = None,
    tenant_id: str = DEFAULT_TENANT,
) -> MadeKey:
    """A new key; it expires after ``lasts_ms``, or never."""
    made = new_key()
    keep(session, made.text, name, scopes, lasts_ms=lasts_ms, tenant_id=tenant_id)
    return made


def keep(
    session: Session,
    text: str,
    name: str,
    scopes: Iterable[KeyScope],
    *,
    lasts_ms: int | None = None,
    tenant_id: str = DEFAULT_TENANT,
) -> None:
    """Let a key of this text in from now on; raises ValueError where the text is none.

    Where its id is known already nothing changes: what was revoked stays so.
    """
    key_id, secret = _parts(text)
    now = clock(session)
    row = {
        "id": key_id,
        "tenant_id": tenant_id,
        "name": name,
        "secret_sha256": _digest(secret),
        "scopes": sorted(set(scopes)),
        "created_ms": now,
        "expires_ms": None if lasts_ms is None else now + lasts_ms,
    }
    session.execute(upsert(session, ApiKey).values(row).on_conflict_do_nothing())


def bearer(given: Sequence[str]) -> str:
    """The token of the one Authorization header. Raises KeyMissing where there is none, another scheme, or several."""
    if len(given) != 1:
        raise KeyMissing("There are several Authorization headers." if given else "")
    scheme, _, token = given[0].partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise KeyMissing("The Authorization header has no Bearer token.")
    return token.strip()


def is_key(text: str) -> bool:
    """Whether the text has the form of a key."""
    return TEXT.fullmatch(text) is not None


def new_key() -> MadeKey:
    key_id = "".join(secrets.choice(ID_CHARACTERS) for _ in range(ID_LENGTH))
    return MadeKey(key_id, f"lh_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}")


def find_valid(database: Database, text: str) -> Key | None:
    """The key of this text, if it holds: known, not revoked, not expired. Secrets are compared in constant time."""
    found = TEXT.fullmatch(text)
    if found is None:
        return None
    key_id, secret = found.groups()
    with database.reading() as session:
        row = execute(session, _FIND, {"id": key_id}).one_or_none()
    if row is None or not hmac.compare_digest(row.secret_sha256, _digest(secret)):
        return None
    return Key(row.id, row.tenant_id, frozenset(map(KeyScope, row.scopes)), bool(row.is_stale))


def note_use(database: Database, key_id: str) -> None:
    """Keep that the key was used just now."""
    with database.writing() as session:
        execute(session, _USE, {"key": key_id})
        session.commit()


def are_there(database: Database) -> bool:
    """Whether any key holds."""
    with database.reading() as session:
        return bool(session.scalar(select(func.count()).select_from(ApiKey).where(HOLDS)))


def all_keys(session: Session, *, also_ended: bool = False) -> Sequence[ApiKey]:
    """Those that hold, the oldest first; with ``also_ended`` those that were revoked or have expired, too."""
    query = select(ApiKey).order_by(ApiKey.created_ms, ApiKey.id)
    return session.scalars(query if also_ended else query.where(HOLDS)).all()


def revoke(session: Session, key_id: str) -> None:
    """End a key at once. Raises UnknownKey where none that holds has this id."""
    done = execute(session, change(ApiKey).where(ApiKey.id == key_id, HOLDS).values(revoked_ms=NOW))
    if not done.rowcount:
        raise UnknownKey(f"No key that holds has the id {key_id[:40]!r}.")


def rotate(session: Session, key_id: str, *, overlap_ms: int = DAY_MS) -> MadeKey:
    """A new key for all that this one was for; this one expires after ``overlap_ms``, so that both hold meanwhile.

    The new one lasts as long as this one was made for. Raises UnknownKey where none that holds has this id.
    """
    old = session.scalars(select(ApiKey).where(ApiKey.id == key_id, HOLDS)).one_or_none()
    if old is None:
        raise UnknownKey(f"No key that holds has the id {key_id[:40]!r}.")
    lasts_ms = None if old.expires_ms is None else old.expires_ms - old.created_ms
    made = make(session, old.name, map(KeyScope, old.scopes), lasts_ms=lasts_ms, tenant_id=old.tenant_id)
    until = clock(session) + overlap_ms
    old.expires_ms = until if old.expires_ms is None else min(old.expires_ms, until)
    return made


def _parts(text: str) -> tuple[str, str]:
    found = TEXT.fullmatch(text)
    if found is None:
        raise ValueError("it is no key: one is lh_, 8 letters and digits, _ and 43 characters")
    return found[1], found[2]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
