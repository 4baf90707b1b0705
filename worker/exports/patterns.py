"""Names for exported transcripts, by a pattern such as ``{archive}/{recorded_at:%Y/%m}/{external_id}``. Pure.

What a recording says of itself comes from strangers: in a name it can neither leave its folder nor make another one,
but for ``{path}``, whose folders are wanted.
"""

import re
import string
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from worker.errors import InvalidRequest

DEFAULT = "{name}"
MAX_PART_BYTES = 200  # of a folder's or file's name without its ending; file systems take 255
MAX_NAME_BYTES = 900  # in all; buckets take 1,024
DATES = {"recorded_at": "%Y-%m-%d", "created_at": "%Y-%m-%d"}  # by itself a day; UTC
LABEL = "label."

ExportItem = Mapping[str, Any]

_DATE_FORMAT = re.compile(r"(?:[^%{}]|%[YmdHMSyjGVu])+")  # what every platform writes alike
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True)
class _Part:
    """Text as it is, or a field in its place."""

    literal: str = ""
    field: str = ""
    date_format: str = ""


@dataclass(frozen=True)
class Pattern:
    """A pattern that was read."""

    text: str
    parts: tuple[_Part, ...]

    def name(self, item: ExportItem) -> str:
        """The item's name, without an ending. Raises InvalidRequest that names the recording and the field."""
        name = "".join(part.literal or _value(part, item) for part in self.parts)
        for part in name.split("/"):
            _check_part(part, item)
        if len(name.encode()) > MAX_NAME_BYTES:
            raise InvalidRequest(f"{shown(item)} would get a name of over {MAX_NAME_BYTES} bytes: {name[:80]!r}…")
        return name


def parse_pattern(text: str) -> Pattern:
    """Raises InvalidRequest with what is wrong in the pattern."""
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        raise InvalidRequest(f"--name: {error}; write {{{{ and }}}} for braces.") from error
    parts = tuple(part for piece in pieces for part in _parts(*piece))
    if not any(part.field for part in parts):
        raise InvalidRequest(f"--name: a pattern has fields, such as {{external_id}}; there are {known_fields()}.")
    _check_literals(parts)
    return Pattern(text, parts)


def known_fields() -> str:
    """The fields' names, for people."""
    return ", ".join([*FIELDS, *DATES, f"{LABEL}NAME"])


def shown(item: ExportItem) -> str:
    """The item in a sentence: its source and the recording's id."""
    return f"{item['source']} ({item['recording']})"


def source_path(source: str) -> str:
    """The folders and the name in a source, which may be a URL or a path of any system."""
    path = unquote(urlsplit(source).path) if "://" in source else source
    return path.replace("\\", "/")


def clean(value: str) -> str:
    """A value that is part of one name: no folder, nothing unprintable, no dots or spaces around it."""
    plain = (
        "_" if character in "/\\" or unicodedata.category(character) in _UNPRINTABLE else character
        for character in value
    )
    return "".join(plain).strip().lstrip(".").strip()


def _file(item: ExportItem) -> str:
    return source_path(str(item["source"])).rsplit("/", 1)[-1]


def _without_ending(name: str) -> str:
    return re.sub(r"(?<=[^/])\.[^./]{1,8}$", "", name)


def _path(item: ExportItem) -> str:
    parts = _without_ending(source_path(str(item["source"]))).split("/")
    return "/".join(filter(None, map(clean, parts)))


def _plain(name: str) -> Callable[[ExportItem], str]:
    return lambda item: clean(str(item.get(name) or ""))


FIELDS: dict[str, Callable[[ExportItem], str]] = {
    "name": lambda item: clean(_without_ending(_file(item))),
    "file": lambda item: clean(_file(item)),
    "path": _path,
    **{field: _plain(field) for field in ("external_id", "archive", "recording", "job", "transcript")},
    **{field: _plain(field) for field in ("language", "service", "model")},
}


def _parts(literal: str, field: str | None, spec: str | None, conversion: str | None) -> Iterator[_Part]:
    if literal:
        yield _Part(literal=literal)
    if field is None:
        return
    if conversion or not (field in FIELDS or field in DATES or field.startswith(LABEL)):
        raise InvalidRequest(f"--name: there is no field {{{field}}}; there are {known_fields()}.")
    if spec and (field not in DATES or not _DATE_FORMAT.fullmatch(spec)):
        raise InvalidRequest(f"--name: {{{field}:{spec}}} cannot be written; dates take %Y %m %d %H %M %S %j %G %V %u.")
    yield _Part(field=field, date_format=spec or DATES.get(field, ""))


def _check_literals(parts: tuple[_Part, ...]) -> None:
    """As if each field were a letter: then only what the pattern itself says is looked at."""
    written = "".join(part.literal or re.sub("%.", "x", part.date_format) or "x" for part in parts)
    if written.startswith("/") or "\\" in written or any(part in {"", ".", ".."} for part in written.split("/")):
        raise InvalidRequest("--name: a pattern must stay within the folder: no .. or empty parts, no \\ or / first.")
    if any(unicodedata.category(character) in _UNPRINTABLE for character in written):
        raise InvalidRequest("--name: a pattern has no control characters.")


def _value(part: _Part, item: ExportItem) -> str:
    value = _date(part, item) if part.field in DATES else _text(part.field, item)
    if not value:
        raise InvalidRequest(
            f"{shown(item)} has no {part.field}, which the pattern asks for: choose another with --name."
        )
    return value


def _text(field: str, item: ExportItem) -> str:
    if field.startswith(LABEL):
        return clean(str(item["labels"].get(field.removeprefix(LABEL)) or ""))
    return FIELDS[field](item)


def _date(part: _Part, item: ExportItem) -> str:
    at = item.get(part.field)
    return datetime.fromisoformat(at).strftime(part.date_format) if at else ""


def _check_part(part: str, item: ExportItem) -> None:
    if part in {"", ".", ".."}:
        raise InvalidRequest(f"{shown(item)} would get a name that is none: {part!r}.")
    if len(part.encode()) > MAX_PART_BYTES:
        raise InvalidRequest(f"{shown(item)} would get a name of over {MAX_PART_BYTES} bytes: {part[:80]!r}…")
