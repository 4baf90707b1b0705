"""Who may come in."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import DIGEST, NAME, Base


class ApiKey(Base):
    """A key of the API. Of its secret only the SHA-256 is kept: it is 32 random bytes, so nothing slower is needed."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(8), primary_key=True)  # stands in the key's text
    tenant_id: Mapped[str] = mapped_column(NAME)
    name: Mapped[str] = mapped_column(NAME)
    secret_sha256: Mapped[str] = mapped_column(DIGEST)
    scopes: Mapped[list[Any]]
    created_ms: Mapped[int]
    expires_ms: Mapped[int | None]
    revoked_ms: Mapped[int | None]
    last_used_ms: Mapped[int | None]  # to the hour
