"""What every route needs, made once for the process and handed to each request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Request

from api.http.key_lookup import KeyLookup
from api.http.long_poll import HeldPolls
from api.http.looks import Looks
from api.http.upload_pool import UploadPool
from worker.database import Database
from worker.media.store import MediaStore
from worker.metrics import Metrics
from worker.services.lookup import Services
from worker.settings import Settings
from worker.states import Lane

Wake = Callable[[Lane], object]


@dataclass(frozen=True)
class Dependencies:
    """What lies behind the API. ``wake`` tells a worker that a lane has work; it never raises.

    Without ``keys`` everybody may do everything.
    """

    settings: Settings
    database: Database
    store: MediaStore
    keys: KeyLookup | None
    wake: Wake
    metrics: Metrics
    holds: HeldPolls = field(default_factory=HeldPolls)
    looks: Looks = field(default_factory=Looks)
    uploads: UploadPool = field(default_factory=UploadPool)

    @cached_property
    def services(self) -> Services:
        """Who answers, and at what price."""
        return Services(self.settings)


def _of_process(request: Request) -> Dependencies:
    deps: Dependencies = request.app.state.deps
    return deps


Deps = Annotated[Dependencies, Depends(_of_process)]
