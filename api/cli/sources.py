"""What the paths of a command line stand for: single recordings, and the recordings in folders."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from worker.imports.walking import ENDINGS, ending_of, walk


@dataclass(frozen=True)
class Source:
    """A file to send. ``relative`` is its place in the folder that was named; a file named itself is its own name."""

    path: Path
    relative: Path
    folder: str = ""  # the name of the folder that was named; empty for a file


@dataclass(frozen=True)
class Missing:
    """A path that gives nothing to submit, and what to do about it."""

    path: Path
    message: str


def find_sources(paths: Iterable[Path]) -> tuple[list[Source], list[Missing]]:
    """All recordings under ``paths``, each once, in order; and the paths that give none."""
    found: dict[Path, Source] = {}
    missing: list[Missing] = []
    for path in paths:
        problem = _problem(path)
        here = [] if problem else list(sources_at(path, lambda name: ending_of(name) in ENDINGS))
        if not problem and not here:
            problem = "the folder holds no recordings: name the files themselves if their endings are unusual"
        if problem:
            missing.append(Missing(path, problem))
        for source in here:
            found.setdefault(source.path.absolute(), source)
    return list(found.values()), missing


def sources_at(path: Path, is_meant: Callable[[str], bool]) -> Iterator[Source]:
    """The file itself, or the files below the folder whose names are meant: a folder's own before those of its folders.

    Hidden files and folders are passed over. Raises OSError where the folder cannot be read.
    """
    if not path.is_dir():
        yield Source(path, Path(path.name))
        return
    folder = path.absolute().name
    for name in sorted(filter(is_meant, walk(path)), key=_own_files_first):
        yield Source(path / name, Path(name), folder)


def _problem(path: Path) -> str | None:
    if not path.exists():
        return "there is no such file or folder: look at the path"
    if not os.access(path, os.R_OK):
        return "it may not be read: look at its permissions"
    return None


def _own_files_first(name: str) -> list[tuple[bool, str]]:
    *folders, own = name.split("/")
    return [*((True, folder) for folder in folders), (False, own)]
