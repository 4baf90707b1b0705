"""Names of files that say what is in them: ``{recorded_at}/{agent}_{external_id}.wav``. Pure.

A field in braces takes what stands in its place: at least one character, never a slash, up to where the text behind it
is found first. ``external_id``, ``language`` and ``recorded_at`` are a recording's own fields; any other name is a
label, and ``{_}`` takes what nobody needs. A time may be told how it is written: ``{recorded_at:%d.%m.%Y}``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from string import Formatter
from typing import Any

from worker.errors import InvalidRequest, InvalidRow

OWN = frozenset({"external_id", "language", "recorded_at"})
IGNORED = "_"
MAX_FIELDS = 20


@dataclass(frozen=True)
class Slot:
    """A text that must stand there, and the field behind it; the last of a part has none."""

    text: str
    field: str | None = None
    form: str = ""  # how a time is written


@dataclass(frozen=True)
class Naming:
    """A pattern, part by part as slashes divide it; a name may have more folders in front."""

    pattern: str
    parts: tuple[tuple[Slot, ...], ...]

    def read(self, name: str) -> dict[str, Any]:
        """The fields of a file's name, with ``labels`` for those that are no recording's own. Raises InvalidRow."""
        given = name.split("/")[-len(self.parts) :]
        if len(given) < len(self.parts):
            raise self._refused(name)
        found: dict[str, Any] = {}
        for part, text in zip(self.parts, given, strict=True):
            for slot, value in self._taken(part, text, name):
                found[slot.field or ""] = self._value(slot, value, name)
        own = {field: value for field, value in found.items() if field in OWN}
        labels = {field: value for field, value in found.items() if field not in OWN and field != IGNORED}
        return {**own, "labels": labels}

    def _taken(self, part: tuple[Slot, ...], text: str, name: str) -> Iterator[tuple[Slot, str]]:
        """Each field with what stands in its place: one look from left to right, whatever the name is."""
        if not text.startswith(part[0].text):
            raise self._refused(name)
        rest = text[len(part[0].text) :]
        for slot, following in pairwise(part):
            last = following is part[-1]
            end = _end(rest, following.text, last=last)
            if end < 1:
                raise self._refused(name)
            yield slot, rest[:end]
            rest = rest[end + len(following.text) :]
        if rest:
            raise self._refused(name)

    def _value(self, slot: Slot, value: str, name: str) -> Any:  # noqa: ANN401  # text, or a time
        if not slot.form:
            return value
        try:
            return datetime.strptime(value, slot.form).replace(tzinfo=UTC)
        except ValueError as error:
            raise InvalidRow(f"{slot.field}: {value!r} in {name!r} is no time as {slot.form}.") from error

    def _refused(self, name: str) -> InvalidRow:
        return InvalidRow(f"The name {name!r} is not as the pattern {self.pattern!r} says.")


def parse_naming(pattern: str) -> Naming:
    """Raises InvalidRequest that names what is wrong with it."""
    try:
        parts = tuple(tuple(_slots(part)) for part in pattern.strip("/").split("/"))
    except ValueError as error:
        raise InvalidRequest(f"naming: {error} in {pattern!r}.") from error
    fields = [slot.field for part in parts for slot in part if slot.field not in {None, IGNORED}]
    if not fields or len(fields) > MAX_FIELDS or len(set(fields)) < len(fields):
        raise InvalidRequest(f"naming: {pattern!r} must name 1 to {MAX_FIELDS} fields in braces, each once.")
    return Naming(pattern, parts)


def _slots(part: str) -> Iterator[Slot]:
    """The part's fields with the text before each, and the text at its end."""
    behind, ending = False, ""  # whether a field stands right before; the text behind the last one
    for text, field, form, conversion in Formatter().parse(part):
        if field is None:
            ending = text
            break
        if behind and not text:
            raise ValueError(f"nothing stands between {{{field}}} and the field before it")
        if conversion or not field.isidentifier() or (form and field != "recorded_at"):
            raise ValueError(f"{{{field}}} is no field")
        yield Slot(text, field, form or "")
        behind = True
    yield Slot(ending)


def _end(rest: str, following: str, *, last: bool) -> int:
    """Where a field ends; below 1 where the text behind it is not found, or nothing stands before it."""
    if last:
        return len(rest) - len(following) if rest.endswith(following) else -1
    return rest.find(following, 1)
