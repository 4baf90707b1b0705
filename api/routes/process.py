"""This process: whether it lives, whether it can serve, what it counts."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

import migrations
from api.http.dependencies import DoorOf
from api.requests.docs import problems
from worker.errors import DatabaseUnavailable
from worker.metrics import CONTENT_TYPE
from worker.shapes.services import Health, Readiness
from worker.workers import dispatcher_age_ms

router = APIRouter(tags=["process"])


@router.get("/healthz", response_model=Health)
async def get_health() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", response_model=Readiness, responses=problems())
def get_readiness(door: DoorOf) -> JSONResponse:
    """The database answers and has the newest schema. The recognition service is not asked, and a dispatcher that is
    late makes nobody unready: what is submitted is kept."""
    if not migrations.is_current(door.database):
        raise DatabaseUnavailable("The database has not the newest schema: run `longhand migrate`.")
    age_ms = dispatcher_age_ms(door.database)
    return JSONResponse({"status": "ready", "dispatcher_s": None if age_ms is None else age_ms / 1000})


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **problems()})
def get_metrics(door: DoorOf) -> Response:
    """Counts for Prometheus; with very many rows they are up to some seconds old."""
    return Response(door.metrics.text(), media_type=CONTENT_TYPE)
