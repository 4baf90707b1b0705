"""Recognition services, and the process that answers."""

from pydantic import Field

from worker.shapes.base import Moment, Shape


class Service(Shape):
    name: str
    default: bool
    model: str | None
    languages: list[str]
    state: str = Field(description="open, limited or refused.")
    sentence: str
    code: str | None
    message: str | None
    since: Moment | None
    next_try_at: Moment | None


class Health(Shape):
    status: str


class Readiness(Health):
    dispatcher_s: float | None = Field(description="Seconds since a dispatcher's last round; null where none ran.")
