"""Files that are written whole or not at all."""

import os
import shutil
from pathlib import Path
from typing import IO

from worker.ids import new_id

CHUNK_BYTES = 1024**2
ALL = 0o666  # less the user's umask, as any program's files


def write_whole(path: Path, content: bytes | IO[bytes], mode: int | None = None) -> None:
    """Write beside the target and move into place: a reader never sees half a file, and a crash leaves the old one.

    ``mode`` holds whatever the umask is; without one the umask says who may read it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name[:40]}.{new_id()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, ALL if mode is None else mode)
    try:
        with os.fdopen(handle, "wb") as file:
            if mode is not None:
                os.fchmod(handle, mode)
            _fill(file, content)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _fill(file: IO[bytes], content: bytes | IO[bytes]) -> None:
    if isinstance(content, bytes):
        file.write(content)
    else:
        shutil.copyfileobj(content, file, CHUNK_BYTES)
