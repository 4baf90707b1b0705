"""Printing: results to stdout, everything else to stderr.

Through `sys.stdout` as it is now, which bars on a terminal replace to keep results above themselves. Much of what is
printed is a stranger's: what would steer the terminal is shown as JSON escapes it, and so are bytes of names that are
no UTF-8. Nothing else in the command line writes to the two streams; what has colours goes through `PlainConsole`.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, TextIO

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from worker.plain_text import shown_line, shown_text
from worker.shapes.base import Shape

AsJson = Annotated[bool, typer.Option("--json", help="JSON lines, for machines.")]
View = Shape | Mapping[str, object]


@dataclass(frozen=True)
class Output:
    """A command's results: lines for people, or a JSON object for each, for machines."""

    as_json: AsJson = False

    def item(self, view: View, lines: str | Iterable[str]) -> None:
        """One result, as ``view`` for machines and as ``lines`` for people."""
        if self.as_json:
            put_json(view)
            return
        for line in [lines] if isinstance(lines, str) else lines:
            put(line)

    def problem(self, which: Mapping[str, object], code: str, message: str) -> None:
        """What one of many came to; ``which`` says of which, with its name first."""
        if self.as_json:
            put_json({**which, "error": {"code": code, "message": message}})
        else:
            note(f"{next(iter(which.values()))}: {message}")

    def note(self, text: str) -> None:
        """A line about what is going on, where a person reads."""
        if not self.as_json:
            note(text)


def put(line: str) -> None:
    """A result for a person, on one line."""
    _write(sys.stdout, f"{shown_line(line)}\n")


def put_text(text: str) -> None:
    """A file's content: on a terminal as far as it can be shown there, else as it is, for who reads it on."""
    if sys.stdout.isatty():
        _write(sys.stdout, shown_text(text.replace("\r\n", "\n")))
    else:
        _write(sys.stdout, text.encode("utf-8", "backslashreplace").decode())


def put_json(view: View) -> None:
    """A result for a machine: one JSON object a line. What is escaped is read back as it was."""
    put(json.dumps(view.as_json() if isinstance(view, Shape) else view, ensure_ascii=False))


def note(line: str) -> None:
    """A line about what is going on."""
    _write(sys.stderr, f"{shown_line(line)}\n")


def put_styled(shown: RenderableType) -> None:
    """A result with colours or columns; without colours where no terminal is."""
    PlainConsole(file=sys.stdout, soft_wrap=isinstance(shown, Text), highlight=False).print(shown)


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


class PlainConsole(Console):
    """Rich's console, on which texts steer nothing: the orders are Rich's own."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Rich's segments, those of texts as they can be shown."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=shown_text(segment.text))
