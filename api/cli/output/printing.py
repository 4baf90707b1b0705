"""Printing: results to stdout, everything else to stderr.

Through `sys.stdout` as it is now, which bars on a terminal replace to keep results above themselves. Names of files may
hold bytes that are no UTF-8: they are shown escaped, which JSON reads back.
"""

import json
import sys
from collections.abc import Mapping
from typing import TextIO


def put(text: str, *, end: str = "\n") -> None:
    """A result for a person, or a file's content."""
    _write(sys.stdout, text + end)


def put_json(fields: Mapping[str, object]) -> None:
    """A result for a machine: one JSON object a line."""
    put(json.dumps(fields, ensure_ascii=False))


def note(text: str) -> None:
    """A line about what is going on."""
    _write(sys.stderr, f"{text}\n")


def _write(stream: TextIO, text: str) -> None:
    stream.write(printable(text))
    stream.flush()


def printable(text: str) -> str:
    """Without the lone surrogates that stand for undecodable bytes."""
    return text.encode("utf-8", "backslashreplace").decode()
