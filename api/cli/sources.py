"""What the paths of a command line stand for, and where the transcripts of its recordings are written."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from api.cli.exits import UsageProblem
from worker.imports.walking import ENDINGS, ending_of, walk


@dataclass(frozen=True)
class Source:
    """A file to send. ``relative`` is its place in the folder that was named; a file named itself is its own name."""

    path: Path
    relative: Path
    folder: str = ""  # the name of the folder that was named; empty for a file


@dataclass(frozen=True)
class MissingSource:
    """A path that gives nothing to submit, and what to do about it."""

    path: Path
    message: str


def find_sources(paths: Iterable[Path]) -> tuple[list[Source], list[MissingSource]]:
    """All recordings under ``paths``, each once, in order; and the paths that give none."""
    found: dict[Path, Source] = {}
    missing: list[MissingSource] = []
    for path in paths:
        problem = _problem(path)
        here = [] if problem else list(sources_at(path, lambda name: ending_of(name) in ENDINGS))
        if not problem and not here:
            problem = "the folder holds no recordings: name the files themselves if their endings are unusual"
        if problem:
            missing.append(MissingSource(path, problem))
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


def plan_outputs(sources: Sequence[Source], ending: str) -> list[Path]:
    """A relative path for each source, all different, whatever the file system makes of upper and lower case.

    The plainest name wins: without the recording's ending, with it where two would collide, then under the named
    folder's own name. Raises UsageProblem where that is not enough.
    """
    names = [_names(source, ending) for source in sources]
    level = [0] * len(names)
    while taken := _collisions([names[i][level[i]] for i in range(len(names))]):
        if all(level[i] + 1 == len(names[i]) for i in taken):
            one, other = (sources[i].path for i in taken[:2])
            raise UsageProblem(f"{one} and {other} would be written to one file: transcribe them one after the other.")
        level = [min(at + 1, len(names[i]) - 1) if i in taken else at for i, at in enumerate(level)]
    return [names[i][level[i]] for i in range(len(names))]


def _names(source: Source, ending: str) -> list[Path]:
    plain = source.relative.with_suffix(f".{ending}")
    kept = source.relative.with_name(f"{source.relative.name}.{ending}")
    return [plain, kept, Path(source.folder, kept)] if source.folder else [plain, kept]


def _collisions(paths: list[Path]) -> list[int]:
    keys = [str(path).casefold() for path in paths]
    seen = Counter(keys)
    return [i for i, key in enumerate(keys) if seen[key] > 1]
