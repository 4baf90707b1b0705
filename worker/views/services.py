"""What each service is doing, as JSON."""

from typing import Any

from worker.breakers import ServiceStatus, service_states
from worker.database import Database
from worker.services.catalogue import Service
from worker.services.lookup import Services
from worker.states import BreakerState
from worker.views.times import iso

View = dict[str, Any]


def read_services(database: Database, services: Services) -> View:
    """The configured service first, then the other known ones; with those that only rows know of."""
    default = services.find()
    known = {default.name: default, **{name: s for name, s in services.by_name().items() if name != default.name}}
    states = service_states(database)
    names = [*known, *(name for name in states if name not in known)]
    items = [_view(name, states.get(name), known.get(name), name == services.default_name) for name in names]
    return {"items": items, "next": None}


def _view(name: str, status: ServiceStatus | None, service: Service | None, is_default: bool) -> View:
    state = status.state if status else BreakerState.OPEN
    return {
        "name": name,
        "default": is_default,
        "model": service.model if service else None,
        "languages": sorted(service.languages) if service else [],
        "state": state,
        "sentence": state.sentence,
        "code": status.code if status else None,
        "message": status.message if status else None,
        "since": iso(status.since_ms) if status else None,
        "next_try_at": iso(status.next_try_ms) if status else None,
    }
