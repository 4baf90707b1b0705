"""Keys, the oldest first."""

from sqlalchemy.orm import Session

from worker import keys
from worker.models import ApiKey
from worker.shapes.access import Key
from worker.shapes.base import moment


def list_keys(session: Session, *, also_ended: bool = False) -> list[Key]:
    """Those that hold; with ``also_ended`` those that were revoked or have expired, too."""
    return [_key(row) for row in keys.all_keys(session, also_ended=also_ended)]


def _key(row: ApiKey) -> Key:
    return Key(
        id=row.id,
        tenant=row.tenant_id,
        name=row.name,
        scopes=list(row.scopes),
        created_at=moment(row.created_ms),
        expires_at=moment(row.expires_ms),
        revoked_at=moment(row.revoked_ms),
        last_used_at=moment(row.last_used_ms),
    )
