"""What the recognition services are doing."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.http.dependencies import DoorOf
from api.requests.docs import problems
from worker.shapes.services import Services
from worker.views.services import read_services

router = APIRouter(tags=["service"])


@router.get("/v1/service", response_model=Services, responses=problems())
def get_services(door: DoorOf) -> JSONResponse:
    """Each service: open, limited or refused, why, since when, and when it is asked again."""
    return JSONResponse(read_services(door.database, door.services))
