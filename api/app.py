"""The HTTP door: one FastAPI application over a database, a media store and a wake-up."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import structlog
from fastapi import Depends, FastAPI

from api.http import problems
from api.http.admission import Admission
from api.http.application import Application, Layer
from api.http.bodies import known_media_type
from api.http.body_pace import BodyLimit, BodyPace
from api.http.dependencies import Dependencies, Wake
from api.http.idempotent_writes import Replayed, replayed
from api.http.key_lookup import KeyLookup
from api.http.long_poll import HeldPolls
from api.http.queries import known_query, storable_address
from api.routes import (
    archives,
    campaigns,
    docs,
    imports,
    jobs,
    recordings,
    results,
    reviews,
    services,
    spending,
    submit,
    transcripts,
)
from realtime.hosts import HostRule
from worker.database import Database
from worker.media.store import MediaStore
from worker.metrics import Metrics
from worker.processes.tasks import Waker
from worker.settings import Settings
from worker.states import Lane

DESCRIPTION = """Recordings in, transcripts out.

Submit a recording with `POST /v1/jobs`, watch it with `GET /v1/jobs/{id}` and `Prefer: wait=30`, and read
`GET /v1/jobs/{id}/transcript`. Errors are `application/problem+json` with a `code`; every POST takes an
`Idempotency-Key`, and is then safe to send again. Each request brings a key, as `Authorization: Bearer lh_…`.
"""
DESCRIBED = {"title": "Longhand", "version": "1", "description": DESCRIPTION, "docs_url": None, "redoc_url": None}
ROUTES = (
    submit,
    jobs,
    transcripts,
    recordings,
    archives,
    imports,
    spending,
    campaigns,
    results,
    reviews,
    services,
    docs,
)
log = structlog.get_logger(__name__)
BODY_LIMIT = BodyLimit()
# What is looked at of every request before its key and its body.
BEFORE_ROUTES = [Depends(storable_address), Depends(known_query), Depends(known_media_type)]
CONNECTIONS = 20  # with as many again on top: a thread that answers requests never waits for one


def make_app(
    settings: Settings,
    *,
    host: str = HostRule.listening,
    wake: Wake | None = None,
    ending: Callable[[], bool] = lambda: False,
    no_keys: bool = False,
    body_limit: BodyLimit = BODY_LIMIT,
) -> FastAPI:
    """The application. With ``no_keys`` everybody may do everything.

    ``host`` is the address that its server listens at: one of the names by which it may be asked.
    ``wake`` tells workers that a lane has work; without one they are told through Redis, and without a Redis not at
    all. ``ending`` says that the server goes down: polls that are held are then answered, so that it need not wait for
    them.
    """
    database = Database(settings.resolved_database_url, pool_size=CONNECTIONS)
    waker = None if wake else _through_redis(settings)
    deps = Dependencies(
        settings=settings,
        database=database,
        store=MediaStore(settings.resolved_media_dir),
        keys=None if no_keys else KeyLookup(database),
        wake=wake or (waker.wake if waker else _wakes_nobody),
        metrics=Metrics(database, waker.undecodable) if waker else Metrics(database),
        holds=HeldPolls(ending=ending),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        deps.database.close()

    app = Application(layers(HostRule(host, settings.hosts), body_limit), lifespan=lifespan, **DESCRIBED)
    app.state.deps = deps
    problems.install(app)
    app.add_exception_handler(Replayed, replayed)
    for routes in ROUTES:
        app.include_router(routes.router, dependencies=BEFORE_ROUTES)
    app.router.routes.append(docs.FILES)
    return app


def layers(hosts: HostRule, body_limit: BodyLimit) -> list[Layer]:
    """What every request passes before a route is looked for, the outermost first."""
    return [
        partial(Admission, hosts=hosts),
        partial(BodyPace, limit=body_limit),
    ]


def _through_redis(settings: Settings) -> Waker | None:
    """Left without a URL, Celery would look for a broker of another kind on this machine."""
    if settings.redis_url:
        return Waker(settings)
    log.warning("LONGHAND_REDIS_URL is not set: jobs are accepted, and no worker is woken for them")
    return None


def _wakes_nobody(_lane: Lane) -> bool:
    return False
