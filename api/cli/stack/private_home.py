"""A home is its owner's alone: folders of mode 0700 and files of mode 0600, whatever the user's umask is."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

import structlog

from api.cli.configure import configured
from api.cli.options import Command
from worker.logs import configure_logging

log = structlog.get_logger(__name__)

OTHERS = stat.S_IRWXG | stat.S_IRWXO
LOCK = "stack.lock"
# What of a home is ours: other things that somebody keeps there are left as they are.
OURS = (LOCK, "server.json", "services.toml", "prices.toml", "longhand.db*", "media", "logs", "redis", "key")


@contextmanager
def only_owner() -> Iterator[None]:
    """Whatever this process makes meanwhile is its user's alone, and what its children make."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def in_private(command: Command) -> Command:
    """A process that writes into the home: it keeps to the owner, and says where the home does not."""

    @wraps(command)
    def run(*given: object, **options: object) -> int | None:
        if is_open(home := configured().home):
            configure_logging()
            log.warning("the home is open to other users of this machine: chmod 700 closes it", home=str(home))
        with only_owner():
            return command(*given, **options)

    return run


def is_open(home: Path) -> bool:
    """Whether anybody but its owner may do anything there; not where it does not exist."""
    try:
        return bool(home.stat().st_mode & OTHERS)
    except FileNotFoundError:
        return False


def close_home(home: Path, tell: Callable[[str], None]) -> None:
    """Make the home where there is none; close one that is open to others, with what is ours in it, and say so.

    A folder that holds other things too keeps its own mode. Raises OSError where it is not ours to close.
    """
    home.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    if not is_open(home):
        return
    other = next((path.name for path in home.iterdir() if not _is_ours(path)), None)
    if other is None:
        home.chmod(stat.S_IRWXU)  # first: then nobody can put a link in the way of what follows
    if any([_close(path) for path in _all_of_ours(home)]):  # noqa: C419  # each of them, not up to the first
        tell(f"{home} was open to other users of this machine; what Longhand keeps there is closed now.")
    if other is not None:
        tell(f"{home} itself stays open to other users, since it holds other things ({other}): give Longhand its own.")


def _is_ours(path: Path) -> bool:
    return any(path.match(pattern) for pattern in OURS)


def _all_of_ours(home: Path) -> Iterator[Path]:
    for path in filter(_is_ours, home.iterdir()):
        yield path
        for folder, folders, files in os.walk(path):
            yield from (Path(folder, name) for name in (*folders, *files))


def _close(path: Path) -> bool:
    """Whether it was open; what is gone meanwhile was not. Links are left: they have no mode of their own."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode) or not mode & OTHERS:
            return False
        path.chmod(stat.S_IMODE(mode) & ~OTHERS)
    except FileNotFoundError:
        return False
    return True
