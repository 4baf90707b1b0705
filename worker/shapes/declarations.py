"""Fields that are declared once: what the command line says of them, and the options that are made of them there."""

from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True, kw_only=True)
class Help:
    """What the command line says of a field; a field without it is no option there.

    ``name`` is the option's where it is not the field's; ``kind`` what the command line reads where it is not what the
    field's type says: an object is given as text. ``unset``: left out it is not sent, and has no default to show.
    """

    text: str
    name: str | None = None
    metavar: str | None = None
    kind: Any = None
    unset: bool = False


@dataclass(frozen=True, kw_only=True)
class CommandOption:
    """An option of a command: a parameter with its type, its default where it is left out, and its help.

    ``field`` is what a request calls it.
    """

    name: str
    field: str
    kind: Any
    default: Any
    help: str
    metavar: str | None = None

    @classmethod
    def of(cls, name: str, field: FieldInfo, help_: Help) -> "CommandOption":
        """A switch that is left out is off; else what is left out is None, where the field has no default to show."""
        kind = help_.kind or _plain(field.annotation)
        default = False if kind is bool else None if help_.unset or field.default_factory else field.default
        return cls(
            name=help_.name or field.alias or name,
            field=field.alias or name,
            kind=kind | None if default is None else kind,
            default=default,
            help=help_.text,
            metavar=help_.metavar,
        )


def command_options(model: type[BaseModel]) -> Iterator[CommandOption]:
    """The options of a command that takes what the model does."""
    for name, field in model.model_fields.items():
        if help_ := help_of(field):
            yield CommandOption.of(name, field, help_)


def help_of(field: FieldInfo) -> Help | None:
    """What the command line says of it, where it is an option there."""
    return next((one for one in field.metadata if isinstance(one, Help)), None)


def _plain(annotation: Any) -> Any:  # noqa: ANN401  # types of any kind
    """What is typed for it: enums, numbers and switches are themselves, all else is text."""
    if get_origin(annotation) in {Union, UnionType}:
        return _plain(next(one for one in get_args(annotation) if one is not type(None)))
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if not isinstance(annotation, type) or is_dataclass(annotation):
        return str
    return annotation if issubclass(annotation, (Enum, bool, int, float)) else str
