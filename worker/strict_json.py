"""JSON that strangers wrote: read as it is defined, within bounds that nothing behind it has to look at again."""

import json
import math
from collections.abc import Iterable
from typing import Any, NoReturn

from worker.errors import InvalidRequest

MOST_NESTED = 64  # levels: far less than what Python's stack holds, so whoever writes it out again can too
LARGEST = 2**63 - 1  # what a database's whole number holds


def parse_json(text: bytes | str) -> Any:  # noqa: ANN401  # whatever somebody sent
    """Raises InvalidRequest where `read_json` refuses it."""
    try:
        return read_json(text)
    except ValueError as error:
        raise InvalidRequest(f"The body is no JSON: {error}.") from error


def read_json(text: bytes | str) -> Any:  # noqa: ANN401  # whatever somebody sent
    """Without the constants that Python would let in, numbers beyond 64 bits, or more than MOST_NESTED levels.

    A text in it may still hold what cannot be stored, such as a lone surrogate: its field says so.
    Raises ValueError with what follows a colon.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text))  # strictly: json.loads would let in half of a surrogate pair
    try:
        read = json.loads(text, parse_constant=_no_constant, parse_int=_whole, parse_float=_finite)
    except RecursionError:
        raise _too_deep() from None
    if text.count("[") + text.count("{") > MOST_NESTED:
        _check_nesting(read)
    return read


def _check_nesting(read: object) -> None:
    """Level by level: a function that called itself would meet the very end that this is to keep others from."""
    level = [read]
    for _ in range(MOST_NESTED):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    if any(isinstance(value, dict | list) for value in level):
        raise _too_deep()


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {MOST_NESTED} levels deep")


def _whole(digits: str) -> int:
    if len(digits) > 20 or not -LARGEST - 1 <= (number := int(digits)) <= LARGEST:
        raise ValueError(f"a whole number has more than 64 bits: {digits[:30]}")
    return number


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"a number is too large: {digits[:30]}")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
