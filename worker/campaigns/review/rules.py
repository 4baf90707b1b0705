"""Rules over a recording's comparison, and thresholds over a canary's summary. Pure.

Each name has the check of its value, and what must be so. What cannot be measured satisfies no threshold: then a
person looks. A rule judges only what there is: without an old version nothing can have become worse.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from worker.errors import InvalidRequest

View = Mapping[str, Any]
Holds = Callable[[View, Any], bool]


@dataclass(frozen=True)
class ValueKind:
    """What a value may be, and the words for it."""

    sentence: str
    fits: Callable[[Any], bool]


def _is_number(value: Any) -> bool:  # noqa: ANN401  # JSON
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


SHARE = ValueKind("a number from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1)
RATE = ValueKind("a number from 0", lambda value: _is_number(value) and value >= 0)
CHANGE = ValueKind("a number; below 0 asks for an improvement", _is_number)
COUNT = ValueKind("a whole number from 1", lambda value: _is_number(value) and isinstance(value, int) and value >= 1)
SWITCH = ValueKind("true or false", lambda value: isinstance(value, bool))


def _most(read: Callable[[View], float | None], *, unknown: bool) -> Holds:
    return lambda view, limit: unknown if (value := read(view)) is None else value <= limit


def _least(read: Callable[[View], float | None], *, unknown: bool) -> Holds:
    return lambda view, limit: unknown if (value := read(view)) is None else value >= limit


def _if_set(holds: Callable[[View], bool]) -> Holds:
    return lambda view, is_set: not is_set or holds(view)


def _no_new_gaps(comparison: View) -> bool:
    old = comparison["old"]
    return bool(old is None or comparison["new"]["gaps"] <= old["gaps"])


def _no_new_flags(comparison: View) -> bool:
    """Of no kind are there more than before."""
    old = comparison["old"]
    return old is None or all(times <= old["flags"].get(flag, 0) for flag, times in comparison["new"]["flags"].items())


def _same_language(comparison: View) -> bool:
    old = comparison["old"]
    return bool(old is None or old["language"] in {None, comparison["new"]["language"]})


def _not_empty(comparison: View) -> bool:
    """An old version without a word is no reason against a new one without: there is silence."""
    old = comparison["old"]
    return comparison["new"]["words"] > 0 or bool(old is not None and old["words"] == 0)


RULES: dict[str, tuple[ValueKind, Holds]] = {
    "max_rate": (RATE, _most(lambda view: view["rate"], unknown=True)),
    "min_length_ratio": (RATE, _least(lambda view: view["length_ratio"], unknown=True)),
    "max_length_ratio": (RATE, _most(lambda view: view["length_ratio"], unknown=True)),
    "no_new_gaps": (SWITCH, _if_set(_no_new_gaps)),
    "no_new_flags": (SWITCH, _if_set(_no_new_flags)),
    "same_language": (SWITCH, _if_set(_same_language)),
    "not_empty": (SWITCH, _if_set(_not_empty)),
}


def _within(*path: str) -> Callable[[View], float | None]:
    """The number at a path of the summary; None where there is none."""

    def read(view: View) -> float | None:
        value: Any = view
        for name in path:
            value = None if value is None else value.get(name)
        return None if value is None else float(value)

    return read


THRESHOLDS: dict[str, tuple[ValueKind, Holds]] = {
    "min_compared": (COUNT, _least(_within("recordings", "compared"), unknown=False)),
    "max_failure_share": (SHARE, _most(_within("shares", "failed"), unknown=False)),
    "max_error_rate": (RATE, _most(_within("error", "new", "rate"), unknown=False)),
    "max_error_rate_change": (CHANGE, _most(_within("error", "change", "rate"), unknown=False)),
    "max_difference": (RATE, _most(_within("difference", "rate"), unknown=False)),
    "max_gap_share": (SHARE, _most(_within("shares", "more_gaps"), unknown=False)),
    "max_flag_share": (SHARE, _most(_within("shares", "more_flags"), unknown=False)),
    "max_empty_share": (SHARE, _most(_within("shares", "without_words"), unknown=False)),
    "max_language_change_share": (SHARE, _most(_within("shares", "language_changed"), unknown=False)),
    "min_length_ratio": (RATE, _least(_within("length_ratio"), unknown=False)),
    "max_length_ratio": (RATE, _most(_within("length_ratio"), unknown=False)),
}


def passes(comparison: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    """Whether a member's comparison satisfies all of a promotion rule; an empty comparison only an empty rule."""
    return not rule or (bool(comparison) and all(_judged(RULES, comparison, rule)))


def thresholds_hold(summary: Mapping[str, Any], thresholds: Mapping[str, Any]) -> bool:
    """Whether a canary's summary stays within all of its thresholds; without one nothing was looked at."""
    return bool(thresholds) and all(_judged(THRESHOLDS, summary, thresholds))


def checked_rule(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A promotion rule as it came; raises InvalidRequest that names the field."""
    return _checked("promote", RULES, fields)


def checked_thresholds(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A canary's thresholds as they came; raises InvalidRequest that names the field, also where there are none."""
    if not fields:
        raise InvalidRequest("thresholds must name one at least; left out, the canary waits for a review.")
    return _checked("thresholds", THRESHOLDS, fields)


def _judged(table: Mapping[str, tuple[ValueKind, Holds]], view: View, limits: View) -> Iterable[bool]:
    return (table[name][1](view, value) for name, value in limits.items())


def _checked(what: str, table: Mapping[str, tuple[ValueKind, Holds]], fields: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in fields.items():
        if name not in table:
            raise InvalidRequest(f"{what}.{name} is none of {', '.join(table)}.")
        if not table[name][0].fits(value):
            raise InvalidRequest(f"{what}.{name} must be {table[name][0].sentence}.")
    least, most = fields.get("min_length_ratio"), fields.get("max_length_ratio")
    if least is not None and most is not None and least > most:
        raise InvalidRequest(f"{what}.min_length_ratio must not be over max_length_ratio.")
    return dict(fields)
