"""Where an export is written: a folder, or a prefix of a bucket. A file appears whole or not at all."""

import errno
import hashlib
import shutil
from collections.abc import Iterable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO, Protocol

from worker.errors import SourceMissing, StorageFailed
from worker.ids import new_id
from worker.media.buckets import Buckets, bucket_and_key, bucket_url, is_in_bucket
from worker.media.rooted_files import rooted_file, write_rooted
from worker.settings import Settings
from worker.whole_files import CHUNK_BYTES


class Destination(Protocol):
    """Somewhere that files have names, with ``/`` between folders. Several threads may use one.

    Each method raises StorageFailed, or for a bucket what `Buckets` raises, where the place cannot be used.
    """

    def check(self) -> None:
        """Look whether it can be used at all, before there is much to lose."""

    def digest(self, name: str) -> str | None:
        """SHA-256 of what is there; None where nothing is."""

    def write(self, name: str, content: bytes | IO[bytes]) -> None:
        """Put a file in its place, over what is there; from an open file without having all of it in memory."""


class Folder:
    """A folder of this machine, made where it is not there. Nothing outside it is read or written.

    A link in it to a folder below it is followed; one that leads out of it is an error, and one to a file is replaced.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def check(self) -> None:
        try:
            self._root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _failed(str(self._root), error) from error

    def digest(self, name: str) -> str | None:
        try:
            with rooted_file(*self._place(name)) as handle, open(handle, "rb", closefd=False) as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:  # a link, which is replaced
                return None
            raise _failed(name, error) from error

    def write(self, name: str, content: bytes | IO[bytes]) -> None:
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            root, parts = self._place(name)
            beside = f".{parts[-1][:40]}.{new_id()}"
            write_rooted(root, parts, partial(_fill, content=content), beside=beside)
        except OSError as error:
            raise _failed(name, error) from error

    def _place(self, name: str) -> tuple[Path, tuple[str, ...]]:
        """The root, and the way to the file without links to folders. Raises OSError, StorageFailed."""
        root, path = self._root.resolve(), self._root / name
        folder = path.parent.resolve()
        if not folder.is_relative_to(root):
            raise StorageFailed(f"{name} would lie outside of the folder: a link in it leads out.")
        return root, (*folder.relative_to(root).parts, path.name)


class Prefix:
    """All keys of a bucket that begin with the URL's."""

    def __init__(self, buckets: Buckets, url: str) -> None:
        self._buckets = buckets
        self._bucket, key = bucket_and_key(url)
        self._prefix = f"{key.rstrip('/')}/" if key else ""

    def check(self) -> None:
        for _any in self._buckets.listed(self._url("")):
            break

    def digest(self, name: str) -> str | None:
        try:
            return _digest_of(self._buckets.pieces(self._url(name)))
        except SourceMissing:
            return None

    def write(self, name: str, content: bytes | IO[bytes]) -> None:
        with self._buckets.writing(self._url(name)) as target:
            shutil.copyfileobj(BytesIO(content) if isinstance(content, bytes) else content, target, CHUNK_BYTES)

    def _url(self, name: str) -> str:
        return bucket_url(self._bucket, self._prefix + name)


def open_destination(where: str, settings: Settings) -> Destination:
    """A folder by its path, or a bucket by ``s3://bucket/prefix``; nothing is made or asked yet."""
    return Prefix(Buckets(settings.s3_endpoint), where) if is_in_bucket(where) else Folder(Path(where))


def _digest_of(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _fill(handle: int, content: bytes | IO[bytes]) -> None:
    with open(handle, "wb", closefd=False) as file:
        shutil.copyfileobj(BytesIO(content) if isinstance(content, bytes) else content, file, CHUNK_BYTES)


def _failed(name: str, error: OSError) -> StorageFailed:
    return StorageFailed(f"{name} cannot be read or written: {error.strerror}.")
