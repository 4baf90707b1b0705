"""JSON as it is defined, without the constants that Python would let in."""

import json
from typing import Any

from worker.errors import InvalidRequest


def parse_json(text: bytes | str) -> Any:  # noqa: ANN401  # whatever somebody sent
    """Raises InvalidRequest where it is no JSON."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The body is no JSON: {error}.") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
