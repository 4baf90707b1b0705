"""Each service's breaker in SQL, one for the whole fleet: what stops a service's jobs, and who may probe it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, case, or_, select

from realtime.protocol.errors import CodedError, QuotaExceeded, RateLimited, ServiceLimited
from worker.database import Database, change, now_ms, upsert
from worker.hints import message_of
from worker.models import Job, ServiceState
from worker.queue.waiting import tell, wake
from worker.statements import execute
from worker.states import BreakerState

PROBE_EVERY_MS = 60_000
LIMIT_SHOWN_MS = 30_000
LIMIT_CODES = (RateLimited.code, ServiceLimited.code)


@dataclass(frozen=True, kw_only=True)
class ServiceStatus:
    """What a service is doing: open, limited or refused, why, since when, and when it is asked again."""

    name: str
    state: BreakerState
    code: str | None
    message: str | None
    since_ms: int
    next_try_ms: int | None


def service_states(database: Database) -> dict[str, ServiceStatus]:
    """What is known of each service by name; one that never met trouble has no row and is open."""
    with database.reading() as session:
        rows = session.scalars(select(ServiceState).order_by(ServiceState.name))
        return {row.name: _status(row) for row in rows}


def is_rate_limit(error: CodedError) -> bool:
    """Whether the service only asks to come slower: a used-up quota is waited for, this is not."""
    return isinstance(error, ServiceLimited) and not isinstance(error, QuotaExceeded)


def service_trouble(database: Database, name: str, error: CodedError) -> None:
    """Note an error that meets every job of the service alike.

    A rate limit is shown, and work goes on. Anything else stops the service's jobs until a probe is answered: claims
    pass over them until the next probe is due, and each of them that is queued says what it waits for.
    """
    if is_rate_limit(error):
        _note_limit(database, name, error)
        return
    state = BreakerState.LIMITED if isinstance(error, ServiceLimited) else BreakerState.REFUSED
    wait_ms = PROBE_EVERY_MS if error.retry_after_s is None else int(error.retry_after_s * 1000)
    trouble = {"state": state, "code": error.code, "message": message_of(error)}
    with database.writing() as session:
        insert = upsert(session, ServiceState).values(
            name=name, since_ms=now_ms(), next_try_ms=now_ms() + wait_ms, **trouble
        )
        kept = _while_same(state, wait_ms)
        session.execute(insert.on_conflict_do_update(index_elements=["name"], set_={**trouble, **kept}))
        session.commit()
    stopped = select(ServiceState.name).where(ServiceState.name == name, ServiceState.code == error.code).exists()
    tell(database, (Job.service == name, stopped), error)


def _while_same(state: BreakerState, wait_ms: int) -> dict[str, Any]:
    """The state's beginning stays, and a probe that is still to come is not put off by those who were on their way."""
    same = ServiceState.state == state
    to_come = and_(same, ServiceState.next_try_ms > now_ms())
    return {
        "since_ms": case((same, ServiceState.since_ms), else_=now_ms()),
        "next_try_ms": case((to_come, ServiceState.next_try_ms), else_=now_ms() + wait_ms),
    }


def _note_limit(database: Database, name: str, error: CodedError) -> None:
    """Show a service that is open as limited; without a next try, since nobody waits for one."""
    not_open = (ServiceState.name == name, ServiceState.state != BreakerState.OPEN)
    with database.reading() as session:  # such errors come in crowds: no write where there is nothing to write
        if session.scalar(select(ServiceState.name).where(*not_open)) is not None:
            return
    limited = {
        "state": BreakerState.LIMITED,
        "code": error.code,
        "message": message_of(error),
        "since_ms": now_ms(),
        "next_try_ms": None,
    }
    with database.writing() as session:
        insert = upsert(session, ServiceState).values(name=name, **limited)
        still_open = ServiceState.state == BreakerState.OPEN
        session.execute(insert.on_conflict_do_update(index_elements=["name"], set_=limited, where=still_open))
        session.commit()


def may_probe(database: Database, name: str) -> bool:
    """Whether this caller may open a session: always, or once a minute for the fleet where the service stops all."""
    stops_all = (ServiceState.name == name, ServiceState.next_try_ms.is_not(None))
    turn = change(ServiceState).where(*stops_all, ServiceState.next_try_ms <= now_ms())
    with database.reading() as session:
        if session.scalar(select(ServiceState.name).where(*stops_all)) is None:
            return True
    with database.writing() as session:
        won = session.scalar(turn.values(next_try_ms=now_ms() + PROBE_EVERY_MS).returning(ServiceState.name))
        session.commit()
    return won is not None


_OVER = or_(ServiceState.next_try_ms.is_not(None), ServiceState.since_ms < now_ms() - LIMIT_SHOWN_MS)
_TROUBLED = (ServiceState.name == bindparam("service"), ServiceState.state != BreakerState.OPEN, _OVER)
_TROUBLE = select(ServiceState.code).where(*_TROUBLED)  # made once: it is asked for after each answer


def service_recovered(database: Database, name: str) -> bool:
    """Note that the service works: its breaker closes, and what waited for it is due. False if nothing changed.

    A rate limit is shown for LIMIT_SHOWN_MS, though answers come meanwhile: they come between its refusals.
    """
    with database.reading() as session:  # called after each answer: no write where there is nothing to write
        code = execute(session, _TROUBLE, {"service": name}).scalar()
    if code is None:
        return False
    opened = {"state": BreakerState.OPEN, "code": None, "message": None, "since_ms": now_ms(), "next_try_ms": None}
    with database.writing() as session:
        session.execute(change(ServiceState).where(*_TROUBLED).values(opened), {"service": name})
        session.commit()
    if code not in LIMIT_CODES:  # who was told to come slower keeps to the time that was drawn
        wake(database, (Job.service == name,), code)
    return True


def _status(row: ServiceState) -> ServiceStatus:
    return ServiceStatus(
        name=row.name,
        state=BreakerState(row.state),
        code=row.code,
        message=row.message,
        since_ms=row.since_ms,
        next_try_ms=row.next_try_ms,
    )
