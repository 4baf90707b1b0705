"""Options in groups: a command takes a dataclass for each, and the command line has the fields as options."""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints


def grouped(command: Callable[..., int]) -> Callable[..., int]:
    """The command as Typer wants it, each parameter that is a dataclass replaced by the dataclass's fields."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}

    @wraps(command)
    def run(**options: Any) -> int:  # noqa: ANN401  # options have many types
        made = {
            name: kind(**{one.name: options.pop(one.name) for one in fields(kind)}) for name, kind in groups.items()
        }
        return command(**made, **options)

    parameters = [
        one
        for name, plain in signature(command).parameters.items()
        for one in (_options(groups[name]) if name in groups else [plain.replace(annotation=hints[name])])
    ]
    run.__signature__ = Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]  # inspect reads it
    run.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": int}
    return run


def _options(kind: Any) -> list[Parameter]:  # noqa: ANN401  # a dataclass
    hints = get_type_hints(kind, include_extras=True)
    return [
        Parameter(one.name, Parameter.KEYWORD_ONLY, default=_default(one), annotation=hints[one.name])
        for one in fields(kind)
    ]


def _default(one: "Field[Any]") -> Any:  # noqa: ANN401  # of the field's type
    return Parameter.empty if one.default is MISSING else one.default
