"""Services and processes."""

from pydantic import AwareDatetime, Field

from worker.shapes.base import Page, Shape


class Service(Shape):
    name: str
    default: bool
    model: str | None
    languages: list[str]
    state: str = Field(description="open, limited or refused.")
    sentence: str
    code: str | None
    message: str | None
    since: AwareDatetime | None
    next_try_at: AwareDatetime | None


class Health(Shape):
    status: str


class Readiness(Health):
    dispatcher_s: float | None = Field(description="Seconds since a dispatcher's last round; null where none ran.")


Services = Page[Service]
