"""Files and folders opened below a root, step by step and without following a link: nobody who writes there leads out.

A path is looked up again each time it is opened, and what it names may be another thing by then. So what was found is
opened once, each folder within the one above it, and is worked with by its descriptor from then on.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from worker.audio.ffmpeg import OPEN_FILES

STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC  # O_PATH: needs no read right
LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC  # a FIFO would be waited for
WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def rooted_folder(root: Path, parts: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """A folder's descriptor, to name files in it by; ``make``: with what is not there yet. Raises OSError.

    The root itself may be a link: whoever chose it may lead where he likes.
    """
    here = os.open(root, STEP & ~os.O_NOFOLLOW)
    try:
        for part in parts:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=here)
            below = os.open(part, STEP, dir_fd=here)
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


@contextmanager
def rooted_file(root: Path, parts: Sequence[str]) -> Iterator[int]:
    """A regular file's descriptor, open to be read. Raises OSError; IsADirectoryError for whatever is no file."""
    with rooted_folder(root, parts[:-1]) as folder:
        handle = os.open(parts[-1] if parts else ".", READ, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        yield handle
    finally:
        os.close(handle)


@contextmanager
def rooted_entries(root: Path, parts: Sequence[str]) -> Iterator[Iterator[os.DirEntry[str]]]:
    """What a folder holds. Raises OSError."""
    with rooted_folder(root, parts) as folder:
        handle = os.open(".", LIST, dir_fd=folder)
    try:
        with os.scandir(handle) as entries:
            yield entries
    finally:
        os.close(handle)


def write_rooted(root: Path, parts: Sequence[str], fill: Callable[[int], None], *, beside: str) -> None:
    """Put a file in its place, whole or not at all; it is written ``beside`` before. A link there is replaced itself.

    Raises OSError, and what ``fill`` raises, which is given the open file.
    """
    with rooted_folder(root, parts[:-1], make=True) as folder:
        handle = os.open(beside, WRITE, 0o666, dir_fd=folder)  # less the umask, as any program's files
        try:
            try:
                fill(handle)
            finally:
                os.close(handle)
            os.replace(beside, parts[-1], src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(beside, dir_fd=folder)
            raise


def path_of(handle: int, found: Path) -> Path:
    """A path by which this process, and a child that is given the descriptor, read the very file that is open.

    Linux opens such a file anew, with a position of its own. Elsewhere it is the path that was ``found``.
    """
    path = OPEN_FILES / str(handle)
    return path if path.exists() else found
