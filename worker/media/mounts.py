"""Folders of recordings that stay where they are, under a name by which every process finds them.

``mount://calls/2024/a%20b.wav`` is ``2024/a b.wav`` in the folder that LONGHAND_MEDIA_ROOTS gives the name ``calls``.
Nothing outside the folder is ever opened, wherever links in it lead.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from worker.errors import InvalidRequest, SourceChanged, SourceForbidden, SourceMissing, SourceUnreachable
from worker.media.identities import SourceIdentity
from worker.media.urls import MOUNT

CHUNK_BYTES = 1024**2


def is_mounted(url: str) -> bool:
    """Whether it names a recording in a mounted folder."""
    return url.startswith(f"{MOUNT}://")


def find_mounted(url: str, roots: Mapping[str, Path]) -> Path:
    """The file. Raises InvalidRequest for a name that no folder has here, SourceForbidden and SourceMissing.

    Whoever opens it does so within `source_errors`: whether it may be read is seen only then.
    """
    parts = urlsplit(url)
    root = roots.get(parts.netloc)
    if root is None:
        raise InvalidRequest(f"url: there is no folder named {parts.netloc!r} in LONGHAND_MEDIA_ROOTS.")
    path = root / unquote(parts.path, errors="surrogateescape").lstrip("/")
    try:
        found = path.resolve(strict=True)
    except PermissionError as error:
        raise SourceForbidden(f"{url} may not be read: look at its permissions, and its folders'.") from error
    except (OSError, RuntimeError, ValueError) as error:  # not there; links in a ring; a NUL in the name
        raise SourceMissing(f"{url} is not there: look at the path, and whether the folder is mounted.") from error
    if not found.is_relative_to(root.resolve()) or not found.is_file():
        raise SourceForbidden(f"{url} is no file in its folder.")
    return found


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


def identify_mounted(url: str, roots: Mapping[str, Path]) -> SourceIdentity:
    """Its size and the time of its last change. Raises as `find_mounted` does."""
    return _state(find_mounted(url, roots))


@contextmanager
def opened_mounted(url: str, roots: Mapping[str, Path], registered: SourceIdentity | None) -> Iterator[Path]:
    """The file for the block's duration. Raises SourceChanged where it is not as registered, or changes meanwhile."""
    path = find_mounted(url, roots)
    before = _state(path)
    if registered is not None and registered.contradicts(before):
        raise SourceChanged
    yield path
    if _state(path) != before:
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


def _state(path: Path) -> SourceIdentity:
    try:
        stat = path.stat()
    except OSError as error:
        raise SourceMissing from error
    return SourceIdentity(size_bytes=stat.st_size, last_modified=str(stat.st_mtime_ns))
