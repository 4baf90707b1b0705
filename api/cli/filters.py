"""Which jobs a command means: the options that `status`, `watch`, `cancel` and `retry` share.

`export` has its own: it is about recordings, and of an archive it takes the current versions.
"""

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from api.client.transport import without_empty
from worker.states import JobState

Ids = Annotated[list[str] | None, typer.Argument(help="Job ids; else the filters say which.", show_default=False)]


@dataclass(frozen=True, kw_only=True)
class JobFilters:
    """Jobs that are all of what is given."""

    batch: Annotated[str | None, typer.Option(help="Jobs of this batch.", show_default=False)] = None
    archive: Annotated[str | None, typer.Option(help="Jobs of this archive.", show_default=False)] = None
    status: Annotated[JobState | None, typer.Option(help="Jobs in this state.", show_default=False)] = None
    code: Annotated[str | None, typer.Option(help="Jobs with this error code.", show_default=False)] = None

    def query(self) -> dict[str, str]:
        """As the API takes them; what was left out is not sent."""
        return without_empty(asdict(self))
