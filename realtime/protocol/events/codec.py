"""Frozen dataclasses to JSON objects and back, by their annotations.

A field is read as its annotation says: ``str``, ``int``, ``float``, ``tuple[X, ...]``, another dataclass, a union of
these, or ``object`` for a value that is kept as it came. A field that is absent, or null where null is not in its
annotation, takes its default; so does one that is marked ``ASIDE`` where its value is of the wrong kind. On the way
out a ``None`` is left out unless the field is marked ``NULLABLE``, and ``UNSET`` always is.
"""

import dataclasses
import enum
import math
import types
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Made = TypeVar("Made")

# Metadata of a field whose None is said on the wire as null.
NULLABLE: Final = types.MappingProxyType({"nullable": True})
# Metadata of a field on which nothing is decided, or whose absence is safe: no odd value of it is worth a session.
ASIDE: Final = types.MappingProxyType({"aside": True})


class Unset(enum.Enum):
    """The value of a field that was not in the object, where null means something else."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET


class MalformedEvent(ValueError):
    """A frame that is not an event. ``param`` is the path of the offending field, ``event_id`` that of its event."""

    def __init__(
        self, message: str, *, code: str = "invalid_value", param: str | None = None, event_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.event_id = event_id


def read(kind: type[Made], raw: Mapping[str, object], path: str = "") -> Made:
    """An instance of the dataclass ``kind`` out of a JSON object; raises MalformedEvent."""
    found = {}
    for field in _fields(kind):
        place = f"{path}.{field.name}" if path else field.name
        value = raw.get(field.name, UNSET)
        if value is UNSET or (value is None and not field.takes_null):
            if field.required:
                raise MalformedEvent(f"The field {place} is missing.", param=place)
            continue
        if (value := _field_value(field, value, place)) is not UNSET:
            found[field.name] = value
    return kind(**found)


def write(event: object) -> dict[str, object]:
    """The JSON object of a dataclass instance, its fields in their order."""
    return {
        field.name: _plain(value)
        for field in _fields(type(event))
        if (value := getattr(event, field.name)) is not UNSET and (value is not None or field.nullable)
    }


@dataclasses.dataclass(frozen=True)
class _Field:
    name: str
    kinds: tuple[Any, ...]
    required: bool
    nullable: bool
    aside: bool

    @property
    def takes_null(self) -> bool:
        return type(None) in self.kinds


_known: dict[type, tuple[_Field, ...]] = {}


def _fields(kind: type) -> tuple[_Field, ...]:
    if kind not in _known:  # resolving annotations costs more than reading an event
        _known[kind] = _describe(kind)
    return _known[kind]


def _describe(kind: type) -> tuple[_Field, ...]:
    hints = typing.get_type_hints(kind)
    return tuple(
        _Field(
            field.name,
            _kinds(hints[field.name]),
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
            "nullable" in field.metadata,
            "aside" in field.metadata,
        )
        for field in dataclasses.fields(cast("type[DataclassInstance]", kind))
    )


def _kinds(hint: object) -> tuple[Any, ...]:
    return typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)


def _field_value(field: _Field, value: object, place: str) -> object:
    try:
        return _value(field.kinds, value, place)
    except MalformedEvent:
        if not field.aside:
            raise
    is_fraction = int in field.kinds and isinstance(value, float) and math.isfinite(value)
    return round(cast(float, value)) if is_fraction else UNSET


def _value(kinds: tuple[Any, ...], value: object, place: str) -> object:
    for kind in kinds:
        if (read_value := _READERS.get(kind)) and (found := read_value(value)) is not UNSET:
            return found
    return _structure(kinds, value, place)


def _structure(kinds: tuple[Any, ...], value: object, place: str) -> object:
    for kind in kinds:
        if dataclasses.is_dataclass(kind) and isinstance(kind, type) and isinstance(value, dict):
            return read(kind, value, place)
        if typing.get_origin(kind) is tuple and isinstance(value, list):
            inner = typing.get_args(kind)[0]
            return tuple(_value((inner,), part, f"{place}[{number}]") for number, part in enumerate(value))
    raise MalformedEvent(f"The field {place} is of the wrong kind.", param=place)


def _text(value: object) -> object:
    if not isinstance(value, str):
        return UNSET
    if "\0" in value:
        value = value.replace("\0", "\ufffd")  # PostgreSQL has no place for it
    if value.isascii():
        return value
    # JSON can escape half of a surrogate pair; no encoder downstream takes one.
    return value.encode("utf-8", "replace").decode() if _has_surrogate(value) else value


def _has_surrogate(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


def _whole(value: object) -> object:
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)  # some servers print milliseconds as 120.0
    return value if isinstance(value, int) and not isinstance(value, bool) else UNSET


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return UNSET
    try:
        number = float(value)
    except OverflowError:
        return UNSET
    return number if math.isfinite(number) else UNSET


_READERS: dict[Any, Any] = {
    str: _text,
    int: _whole,
    float: _number,
    object: lambda value: value,
    type(None): lambda value: None if value is None else UNSET,
}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if dataclasses.is_dataclass(value):
        return write(value)
    return value
