"""Files that are written whole or not at all."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

CHUNK_BYTES = 1024**2
READABLE = 0o644


def write_whole(path: Path, content: bytes | IO[bytes], mode: int = READABLE) -> None:
    """Write beside the target and move into place: a reader never sees half a file, and a crash leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            _fill(file, content)
        Path(beside).chmod(mode)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _fill(file: IO[bytes], content: bytes | IO[bytes]) -> None:
    if isinstance(content, bytes):
        file.write(content)
    else:
        shutil.copyfileobj(content, file, CHUNK_BYTES)
