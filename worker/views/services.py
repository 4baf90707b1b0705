"""What each service is doing, and whether this deployment can serve."""

from worker.breakers import ServiceStatus, service_states
from worker.database import Database
from worker.services import catalogue
from worker.services.lookup import Services
from worker.shapes.base import Page, moment
from worker.shapes.services import Readiness, Service
from worker.states import BreakerState
from worker.workers import dispatcher_age_ms

READY = "ready"


def read_services(database: Database, services: Services) -> Page[Service]:
    """The configured service first, then the other known ones; with those that only rows know of."""
    default = services.find()
    others = {name: service for name, service in services.by_name().items() if name != default.name}
    configured = {default.name: default, **others}
    states = service_states(database)
    names = [*configured, *(name for name in states if name not in configured)]
    items = [
        _service(name, states.get(name), configured.get(name), is_default=name == services.default_name)
        for name in names
    ]
    return Page[Service](items=items, next=None)


def read_readiness(database: Database) -> Readiness:
    """Of a database that answers: how long ago a dispatcher made its round."""
    age_ms = dispatcher_age_ms(database)
    return Readiness(status=READY, dispatcher_s=None if age_ms is None else age_ms / 1000)


def _service(
    name: str, status: ServiceStatus | None, service: catalogue.Service | None, *, is_default: bool
) -> Service:
    state = status.state if status else BreakerState.OPEN
    return Service(
        name=name,
        default=is_default,
        model=service.model if service else None,
        languages=sorted(service.languages) if service else [],
        state=state,
        sentence=state.sentence,
        code=status.code if status else None,
        message=status.message if status else None,
        since=moment(status.since_ms) if status else None,
        next_try_at=moment(status.next_try_ms) if status else None,
    )
