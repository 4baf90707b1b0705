"""What the recognition services do, and this process: whether it lives, whether it can serve, what it counts."""

from fastapi import APIRouter, Response

import migrations
from api.http.authentication import METRICS, READ, SeesDetails
from api.http.dependencies import Deps
from api.requests.docs import open_problems, other_problems, problems
from worker.errors import DatabaseUnavailable
from worker.metrics import CONTENT_TYPE
from worker.shapes.base import Page
from worker.shapes.services import Health, Readiness, Service
from worker.views.services import READY, read_readiness, read_services

router = APIRouter()
UNMIGRATED = "The database has not the newest schema: run `longhand migrate`."


@router.get("/v1/service", dependencies=[READ], tags=["service"], responses=problems())
def get_services(deps: Deps) -> Page[Service]:
    """Each service: open, limited or refused, why, since when, and when it is asked again."""
    return read_services(deps.database, deps.services)


@router.get("/healthz", tags=["process"], responses=other_problems())
async def get_health() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz", tags=["process"], responses=open_problems(401))
def get_readiness(deps: Deps, sees_details: SeesDetails) -> Readiness | Health:
    """The database answers and has the newest schema. The recognition service is not asked, and a dispatcher that is
    late makes nobody unready: what is submitted is kept. Without a key of the scope `metrics` that is all it says."""
    if not migrations.is_current(deps.database):
        raise DatabaseUnavailable(UNMIGRATED if sees_details else "")
    return read_readiness(deps.database) if sees_details else Health(status=READY)


@router.get(
    "/metrics",
    dependencies=[METRICS],
    tags=["process"],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **problems()},
)
def get_metrics(deps: Deps) -> Response:
    """Counts for Prometheus; with very many rows they are up to some seconds old."""
    return Response(deps.metrics.text(), media_type=CONTENT_TYPE)
