"""What the doors and the processes of the fleet keep for one another."""

from typing import Any

from sqlalchemy import Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import CODE, DIGEST, NAME, Base


class IdempotencyKey(Base):
    """A POST's key, what was asked with it, and what was answered; inserted in the transaction of what it guards.

    So a row exists only beside its result: whatever is killed in between, there is both or neither.
    """

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(NAME, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(DIGEST)
    status: Mapped[int] = mapped_column(Integer)  # HTTP's
    response: Mapped[dict[str, Any]]
    created_ms: Mapped[int] = mapped_column(index=True)


class WorkerProcess(Base):
    """A worker process's room and last sign of life. Leases do not depend on it."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    slots: Mapped[int] = mapped_column(Integer)
    seen_ms: Mapped[int]


class DispatcherProcess(Base):
    """A dispatcher's last round of the sweep. Nothing depends on it but what an operator sees."""

    __tablename__ = "dispatchers"

    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    seen_ms: Mapped[int]


class ServiceState(Base):
    """A service's breaker, one row for the fleet: open for work, limited, or refused until its next probe.

    With a time for the next try it stops all jobs of the service until a probe is answered.
    """

    __tablename__ = "services"

    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    state: Mapped[str] = mapped_column(String(10), server_default=text("'open'"))
    code: Mapped[str | None] = mapped_column(CODE)
    message: Mapped[str | None] = mapped_column(Text)
    since_ms: Mapped[int]
    next_try_ms: Mapped[int | None]
