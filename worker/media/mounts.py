"""Folders of recordings that stay where they are, under a name by which every process finds them.

``mount://calls/2024/a%20b.wav`` is ``2024/a b.wav`` in the folder that LONGHAND_MEDIA_ROOTS gives the name ``calls``.
Nothing outside the folder is ever opened, wherever links in it lead, and whoever changes them meanwhile: links are
followed once, to find the file, and what was found is opened without following any.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from worker.errors import InvalidRequest, SourceChanged, SourceForbidden, SourceMissing, SourceUnreachable
from worker.media.identities import SourceIdentity
from worker.media.rooted_files import path_of, rooted_file, rooted_folder
from worker.media.urls import MOUNT

CHUNK_BYTES = 1024**2


@dataclass(frozen=True)
class MountedFile:
    """A file in a mounted folder while it is open: to read from, and a ``path`` for who opens it himself."""

    path: Path
    file: BinaryIO


def is_mounted(url: str) -> bool:
    """Whether it names a recording in a mounted folder."""
    return url.startswith(f"{MOUNT}://")


def find_mounted(url: str, roots: Mapping[str, Path]) -> Path:
    """Where the file is. Raises InvalidRequest for a name that no folder has here, SourceForbidden and SourceMissing.

    It may be another thing by the time it is opened: `open_mounted` does both.
    """
    root, parts = _found(url, roots)
    return root.joinpath(*parts)


@contextmanager
def open_mounted(url: str, roots: Mapping[str, Path]) -> Iterator[MountedFile]:
    """The file, open for the block's duration. Raises as `find_mounted` and `source_errors` do.

    What is read of it in the block belongs within `source_errors`.
    """
    root, parts = _found(url, roots)
    with ExitStack() as opened:
        with _swapped_errors(url):
            handle = opened.enter_context(rooted_file(root, parts))
        file = opened.enter_context(open(handle, "rb", closefd=False))
        yield MountedFile(path_of(handle, root.joinpath(*parts)), file)


def identify_mounted(url: str, roots: Mapping[str, Path]) -> SourceIdentity:
    """Its size and the time of its last change. Raises as `find_mounted` does."""
    root, parts = _found(url, roots)
    with _swapped_errors(url), rooted_folder(root, parts[:-1]) as folder:
        found = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            raise IsADirectoryError
    return _state(found)


@contextmanager
def source_errors(url: str) -> Iterator[None]:
    """Whatever the system says while a file in a mounted folder is read is an error of this one source.

    Raises SourceMissing, SourceForbidden, and SourceUnreachable for a disk or a network that fails.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise SourceMissing(f"{url} is not there any more.") from error
    except PermissionError as error:
        raise SourceForbidden(f"{url} may not be read: look at its permissions.") from error
    except OSError as error:
        raise SourceUnreachable(f"{url} cannot be read ({error.strerror}).") from error


@contextmanager
def opened_mounted(url: str, roots: Mapping[str, Path], registered: SourceIdentity | None) -> Iterator[Path]:
    """The file for the block's duration. Raises SourceChanged where it is not as registered, or changes meanwhile."""
    with open_mounted(url, roots) as opened:
        before = _state(os.fstat(opened.file.fileno()))
        if registered is not None and registered.contradicts(before):
            raise SourceChanged
        yield opened.path
        if not _state(os.fstat(opened.file.fileno())) == before == identify_mounted(url, roots):
            raise SourceChanged(f"{url} was changed while it was read: submit it again when it is whole.")


def digest_of(path: Path, on_chunk: Callable[[int], None]) -> str:
    """SHA-256 of the bytes; ``on_chunk`` is told the size of each piece, and what it raises ends the reading."""
    digest = hashlib.sha256()
    for chunk in read_pieces(path, on_chunk):
        digest.update(chunk)
    return digest.hexdigest()


def read_pieces(path: Path, on_chunk: Callable[[int], None]) -> Iterator[bytes]:
    """The file's bytes, ``on_chunk`` told of each piece before it is used."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            on_chunk(len(chunk))
            yield chunk


def _found(url: str, roots: Mapping[str, Path]) -> tuple[Path, tuple[str, ...]]:
    """The root and, without links, the way from it to the file."""
    root, parts = find_below(url, roots)
    if not root.joinpath(*parts).is_file():
        raise SourceForbidden(f"{url} is no file in its folder.")
    return root, parts


def find_below(url: str, roots: Mapping[str, Path]) -> tuple[Path, tuple[str, ...]]:
    """A root, and the way from it to a file or folder without links. Raises InvalidRequest and as `find_mounted`."""
    parts = urlsplit(url)
    root = roots.get(parts.netloc)
    if root is None:
        raise InvalidRequest(f"url: there is no folder named {parts.netloc!r} in LONGHAND_MEDIA_ROOTS.")
    path = root / unquote(parts.path, errors="surrogateescape").lstrip("/")
    try:
        found, base = path.resolve(strict=True), root.resolve()
    except PermissionError as error:
        raise SourceForbidden(f"{url} may not be read: look at its permissions, and its folders'.") from error
    except (OSError, RuntimeError, ValueError) as error:  # not there; links in a ring; a NUL in the name
        raise SourceMissing(f"{url} is not there: look at the path, and whether the folder is mounted.") from error
    if not found.is_relative_to(base):
        raise SourceForbidden(f"{url} is no file in its folder.")
    return base, found.relative_to(base).parts


@contextmanager
def _swapped_errors(url: str) -> Iterator[None]:
    """What is no file below its root any more, though it was a moment ago, was put there by somebody."""
    try:
        yield
    except (NotADirectoryError, IsADirectoryError) as error:
        raise SourceForbidden(f"{url} is no file in its folder.") from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise SourceForbidden(f"{url} is no file in its folder.") from error
        with source_errors(url):
            raise


def _state(found: os.stat_result) -> SourceIdentity:
    return SourceIdentity(size_bytes=found.st_size, last_modified=str(found.st_mtime_ns))
