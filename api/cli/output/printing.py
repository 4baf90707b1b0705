"""Printing: results to stdout, everything else to stderr.

Through `sys.stdout` as it is now, which bars on a terminal replace to keep results above themselves. Names of files may
hold bytes that are no UTF-8: they are shown escaped, which JSON reads back.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, TextIO

import typer

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


def put(text: str, *, end: str = "\n") -> None:
    """A result for a person, or a file's content."""
    _write(sys.stdout, text + end)


def put_json(view: View) -> None:
    """A result for a machine: one JSON object a line."""
    put(json.dumps(view.as_json() if isinstance(view, Shape) else view, ensure_ascii=False))


def note(text: str) -> None:
    """A line about what is going on."""
    _write(sys.stderr, f"{text}\n")


def _write(stream: TextIO, text: str) -> None:
    stream.write(printable(text))
    stream.flush()


def printable(text: str) -> str:
    """Without the lone surrogates that stand for undecodable bytes."""
    return text.encode("utf-8", "backslashreplace").decode()
