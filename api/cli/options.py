"""Options in groups: a command takes one value for each group, and the command line has what it is made of as options.

A group is a dataclass, whose fields are the options, or options that are declared elsewhere: see `DeclaredOptions`.
Those that several commands have are here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, get_args, get_origin

import typer

from api.cli.exits import UsageProblem
from api.client.transport import without_empty
from worker.shapes.declarations import CommandOption, command_options
from worker.shapes.options import Use, job_options
from worker.shapes.selection import JobFields

Command = Callable[..., int | None]
Given = dict[str, Any]
PAIR = "NAME=VALUE"


class DeclaredOptions:
    """Options that are declared elsewhere; the command gets those that were given, as the API takes them.

    ``first`` and ``last`` say where some of them stand in the help, ``without`` which the command has not.
    """

    def __init__(
        self,
        options: Iterable[CommandOption],
        *,
        first: tuple[str, ...] = (),
        last: tuple[str, ...] = (),
        without: tuple[str, ...] = (),
        panel: str | None = None,
    ) -> None:
        named = {option.name: option for option in options if option.name not in without}
        between = [name for name in named if name not in {*first, *last}]
        self._options = [named[name] for name in (*first, *between, *last)]
        self.__signature__ = Signature([_parameter(option, panel) for option in self._options])

    def __call__(self, **values: Any) -> Given:  # noqa: ANN401  # options have many types
        """Raises UsageProblem where a pair is none."""
        chosen = given(values)
        return {one.field: _value(one, chosen[one.name]) for one in self._options if one.name in chosen}


def given(values: Mapping[str, Any]) -> Given:
    """Those that were not left out; a number that is 0 was not."""
    return {name: value for name, value in without_empty(values).items() if value is not False}


def pairs(flag: str, texts: Iterable[str]) -> dict[str, str]:
    """From ``NAME=VALUE``; raises UsageProblem."""
    split = [text.partition("=") for text in texts]
    if not all(left and middle for left, middle, _ in split):
        raise UsageProblem(f"{flag} wants NAME=VALUE, once for each.")
    return {left: right for left, _, right in split}


def grouped(command: Command) -> Command:
    """The command as Typer wants it, each parameter that is a group replaced by the group's options."""
    plain = signature(command, eval_str=True).parameters
    groups = {name: maker for name, one in plain.items() if (maker := _maker(one.annotation))}
    shown = {name: _options(groups[name]) if name in groups else [one] for name, one in plain.items()}

    @wraps(command)
    def run(**options: Any) -> int | None:  # noqa: ANN401  # options have many types
        made = {name: make(**{one.name: options.pop(one.name) for one in shown[name]}) for name, make in groups.items()}
        return command(**made, **options)

    return shown_as(run, [one for parameters in shown.values() for one in parameters])


def shown_as(command: Command, parameters: list[Parameter]) -> Command:
    """The command, with these parameters to whoever inspects it."""
    command.__signature__ = Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]  # inspect reads it
    command.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": int}
    return command


def _maker(hint: Any) -> Any:  # noqa: ANN401  # a dataclass, or an annotation
    """What makes the group's value; None where it is no group."""
    if get_origin(hint) is Annotated:
        return next((one for one in get_args(hint) if isinstance(one, DeclaredOptions)), None)
    return hint if is_dataclass(hint) else None


def _options(maker: Callable[..., Any]) -> list[Parameter]:
    return [one.replace(kind=Parameter.KEYWORD_ONLY) for one in signature(maker, eval_str=True).parameters.values()]


def _value(option: CommandOption, value: Any) -> Any:  # noqa: ANN401  # options have many types
    return pairs(_flag(option), value) if isinstance(value, list) and option.metavar == PAIR else value


def _flag(option: CommandOption) -> str:
    return f"--{option.name.replace('_', '-')}"


def _parameter(option: CommandOption, panel: str | None) -> Parameter:
    names = [_flag(option)] if option.default is False else []  # else a switch would have a --no- as well
    info = typer.Option(*names, help=option.help, metavar=option.metavar, rich_help_panel=panel)
    kind: Any = Annotated[option.kind, info]
    return Parameter(option.name, Parameter.KEYWORD_ONLY, default=option.default, annotation=kind)


SubmissionOptions = Annotated[Given, DeclaredOptions(job_options())]
RetryOptions = Annotated[Given, DeclaredOptions(job_options(Use.RETRY), last=("lane", "deadline", "fresh"))]
ArchiveDefaults = Annotated[Given, DeclaredOptions(job_options(Use.ARCHIVE), first=("service",))]
# Which jobs `status`, `watch`, `cancel` and `retry` mean. `export` is about recordings, and has its own.
Ids = Annotated[list[str] | None, typer.Argument(help="Job ids; else the filters say which.", show_default=False)]
JobFilters = Annotated[Given, DeclaredOptions(command_options(JobFields))]
