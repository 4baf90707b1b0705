"""The media store: recordings' bytes in a folder, each file named by its SHA-256.

A file is there whole or not at all: it is written beside the others, made durable, and then renamed.
"""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from worker.audio.sniff import HEAD_BYTES
from worker.errors import StorageFailed, UploadTooLarge
from worker.ids import new_id

CHUNK_BYTES = 1024**2
INCOMING = ".incoming"
ABANDONED_S = 24 * 3600.0  # a file that has been incoming for so long belongs to a process that died
KEY = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{62}")


@dataclass(frozen=True, kw_only=True)
class SavedFile:
    """What was stored: ``digest`` is the SHA-256 in hexadecimal, ``head`` the first bytes for `sniff.look_at`."""

    digest: str
    size_bytes: int
    key: str
    head: bytes


class MediaStore:
    """A folder of recordings. Several processes may use the same one."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / INCOMING
        with storage_errors():
            self._incoming.mkdir(parents=True, exist_ok=True)
        self.sweep()

    def save(self, chunks: Iterable[bytes] | BinaryIO, max_bytes: int) -> SavedFile:
        """Store a stream of bytes; the same bytes a second time are the same file.

        Raises UploadTooLarge as soon as there are more than ``max_bytes``, and StorageFailed. After any error, one of
        the stream's own too, nothing is left behind.
        """
        temporary = self._incoming / new_id()
        try:
            saved = _write(temporary, _as_chunks(chunks), max_bytes)
            with storage_errors():
                self._publish(temporary, saved.key)
        finally:
            with suppress(OSError):  # what cannot be removed now is swept in a day
                temporary.unlink(missing_ok=True)
        return saved

    def path(self, key: str) -> Path:
        """Where the bytes of a key are; raises StorageFailed where the key is none of ours."""
        if not KEY.fullmatch(key):
            raise StorageFailed("The media key is not valid.")
        return self._root / key

    def discard(self, key: str) -> None:
        """Remove a key's bytes, if they are there. Whoever calls has made sure that no recording uses them."""
        with storage_errors():
            self.path(key).unlink(missing_ok=True)

    def sweep(self, abandoned_s: float = ABANDONED_S) -> None:
        """Remove what died processes left half written."""
        oldest = time.time() - abandoned_s
        for path in self._incoming.iterdir():
            with suppress(FileNotFoundError):  # another process was faster
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def keys(self, older_than_s: float = ABANDONED_S) -> Iterator[str]:
        """The keys of what was stored so long ago, in no order."""
        for path in self._root.glob("??/*"):
            if KEY.fullmatch(key := f"{path.parent.name}/{path.name}") and _is_older(path, older_than_s):
                yield key

    def discard_old(self, key: str, older_than_s: float = ABANDONED_S) -> bool:
        """Remove what was stored so long ago and never again since: whoever stores it anew is not disturbed."""
        path = self.path(key)
        with storage_errors(), self._locked(fcntl.LOCK_EX):
            if not _is_older(path, older_than_s):
                return False
            path.unlink(missing_ok=True)
        return True

    def _publish(self, temporary: Path, key: str) -> None:
        target = self._root / key
        target.parent.mkdir(exist_ok=True)
        with self._locked(fcntl.LOCK_SH):  # or it could be taken for the old file that it replaces, and be removed
            temporary.replace(target)
        _sync_folder(target.parent)
        _sync_folder(self._root)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        folder = os.open(self._incoming, os.O_RDONLY)
        try:
            fcntl.flock(folder, how)
            yield
        finally:
            os.close(folder)


def hash_and_write(file: IO[bytes], chunks: Iterable[bytes], max_bytes: int) -> tuple[str, int, bytes]:
    """Write and count; the digest, the size and the head. Raises UploadTooLarge before a byte too many is written."""
    digest, size, head = hashlib.sha256(), 0, b""
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise UploadTooLarge(f"The file is larger than {max_bytes} bytes. {UploadTooLarge.hint}")
        digest.update(chunk)
        head += chunk[: HEAD_BYTES - len(head)]
        with storage_errors():
            file.write(chunk)
    return digest.hexdigest(), size, head


def make_durable(file: IO[bytes]) -> None:
    """On the disk, not only in the system's memory."""
    with storage_errors():
        file.flush()
        os.fsync(file.fileno())


def _write(path: Path, chunks: Iterable[bytes], max_bytes: int) -> SavedFile:
    with storage_errors():
        file = path.open("xb")
    with file:
        digest, size, head = hash_and_write(file, chunks, max_bytes)
        make_durable(file)
    return SavedFile(digest=digest, size_bytes=size, key=f"{digest[:2]}/{digest}", head=head)


def _as_chunks(source: Iterable[bytes] | BinaryIO) -> Iterator[bytes]:
    if not hasattr(source, "read"):
        yield from source
        return
    while chunk := source.read(CHUNK_BYTES):
        yield chunk


def _is_older(path: Path, age_s: float) -> bool:
    """Whether it was written so long ago; False where it is gone."""
    try:
        return path.stat().st_mtime < time.time() - age_s
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    """Make a rename durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Whatever the disk says becomes StorageFailed."""
    try:
        yield
    except OSError as error:
        raise StorageFailed(f"The media store cannot be used: {error.strerror}.") from error
