"""A folder's files in an order that can be gone on with, however many there are, and which of them are recordings."""

import heapq
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from worker.media.rooted_files import rooted_entries

AT_ONCE = 20_000
ENDINGS = frozenset(
    ".3gp .aac .aif .aiff .amr .asf .au .caf .flac .m4a .m4b .mka .mkv .mov .mp2 .mp3 .mp4 .oga .ogg .opus .w64 .wav"
    " .webm .wma .wmv".split()
)
PLAYLISTS = frozenset(".asx .cue .m3u .m3u8 .mpd .pls .smil .xspf".split())


def walk(root: Path, after: str = "", *, below: Sequence[str] = (), at_once: int = AT_ONCE) -> Iterator[str]:
    """The names of all files in the root's folder ``below``, folders with slashes, from behind ``after`` on.

    Links to folders are not followed, and hidden folders are passed over. Each folder's own names come in order, so a
    walk that stopped goes on at the same place. A folder below that may not be read is given itself, with a slash at
    its end. ``at_once`` names of one folder are held; a larger folder is read several times. Raises OSError where the
    folder itself cannot be read.
    """
    yield from _below(WalkedFolder(root, tuple(below)), "", after.split("/") if after else [], at_once)


class WalkedFolder(NamedTuple):
    """A folder by the way to it: it is opened anew, step by step, each time that it is read."""

    root: Path
    parts: tuple[str, ...]

    def __truediv__(self, name: str) -> "WalkedFolder":
        return WalkedFolder(self.root, (*self.parts, name))


def _below(folder: WalkedFolder, above: str, after: Sequence[str], at_once: int) -> Iterator[str]:
    begun = after[0] if after else ""
    for name, is_folder in _in_order(folder, begun, at_once):
        if is_folder:
            behind = after[1:] if name == begun else []
            yield from _below_readable(folder / name, f"{above}{name}/", behind, at_once)
        elif name != begun:
            yield above + name


def _below_readable(folder: WalkedFolder, above: str, after: Sequence[str], at_once: int) -> Iterator[str]:
    try:
        yield from _below(folder, above, after, at_once)
    except (FileNotFoundError, NotADirectoryError):
        return  # it was removed meanwhile, or is a link now
    except PermissionError:
        yield above


def _in_order(folder: WalkedFolder, start: str, at_once: int) -> Iterator[tuple[str, bool]]:
    """The folder's entries from ``start`` on, each with whether it is a folder."""
    last: str | None = None
    while few := heapq.nsmallest(at_once, _entries(folder, start, last)):
        yield from few
        if len(few) < at_once:
            return
        last = few[-1][0]


def _entries(folder: WalkedFolder, start: str, last: str | None) -> Iterator[tuple[str, bool]]:
    with rooted_entries(folder.root, folder.parts) as entries:
        for entry in entries:
            if entry.name >= start and (last is None or entry.name > last) and not entry.name.startswith("."):
                yield entry.name, entry.is_dir(follow_symlinks=False)


def ending_of(name: str) -> str:
    """With its dot, in small letters."""
    return PurePosixPath(name).suffix.lower()


def is_wanted(name: str, patterns: Sequence[str]) -> bool:
    """Whether a file is meant: by a pattern, or where none is given by its ending. Playlists are, to be refused.

    A pattern with a slash is held against the whole name below the folder, another against the file's own; upper and
    lower case are the same. Hidden files never are.
    """
    own = name.rpartition("/")[2]
    if own.startswith("."):
        return False
    if not patterns:
        return ending_of(name) in ENDINGS | PLAYLISTS
    return any(fnmatchcase((name if "/" in one else own).lower(), one.lower()) for one in patterns)


def is_playlist(name: str) -> bool:
    """Whether it only points elsewhere."""
    return ending_of(name) in PLAYLISTS


def sidecar_of(name: str) -> str:
    """The name, or the URL, of the JSON beside it: call.json for call.wav."""
    return name.removesuffix(PurePosixPath(name).suffix) + ".json"
