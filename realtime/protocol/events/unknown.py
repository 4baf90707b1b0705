"""An event of a type that this protocol does not have, or that we have no use for."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class UnknownEvent:
    """``raw`` is the whole JSON object as it came."""

    type: str
    event_id: str | None = None
    raw: Mapping[str, object]
