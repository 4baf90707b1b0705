"""Mounted folders: whatever a name says, and whoever swaps what is there meanwhile, nothing outside is read."""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random
from urllib.parse import quote

from realtime.protocol.errors import CodedError
from tests.attack.assault import Assault
from tests.attack.odd_values import text
from worker.media.mounts import identify_mounted, opened_mounted

INSIDE, OUTSIDE = b"inside..", b"OUTSIDE!"
STAMP_NS = 1_700_000_000 * 10**9
PIECES = (
    "..", "%2e%2e", ".", "a.wav", "sub", "way-out", "way-out-folder", "ring", "fifo", "socket", "device", "%00", "//",
    "%2f", "..%2f",
    "\\..\\", "%5c", "secret.wav", "calls-too", "a" * 300, "%ff", "%ed%a0%80", "etc", "passwd", "?", "#",
)  # fmt: skip


def names(assault: Assault) -> None:
    """Names with every way out that there is, among links, devices, pipes and sockets."""
    assault.counts_what_is_reached()
    with _folder(assault.folder) as root:
        for _ in assault.inputs(5000):
            url = "mount://" + "/".join([_root_name(assault.dice), *_pieces(assault.dice)])
            _read(assault, url, root)


def race(assault: Assault) -> None:
    """A file and its folder are swapped for links to others of the same size and time, all the while."""
    assault.counts_what_is_reached()
    with _folder(assault.folder) as root, _swapping(root):
        read = 0
        for _ in assault.inputs(20_000):
            read += _read(assault, f"mount://calls/{assault.dice.choice(('swapped.wav', 'swapped/secret.wav'))}", root)
        assault.tally.notes.append(f"{read:,} reads gave the file inside")
        if not read:
            assault.found("nothing was read at all")


def _root_name(dice: Random) -> str:
    return dice.choice(("calls", "calls", "calls", "calls", "calls-too", "", "..", "CALLS", "user@calls", "calls:80"))


def _pieces(dice: Random) -> list[str]:
    pieces = [*PIECES, quote(text(dice, 6).encode("utf-8", "surrogatepass"))]
    return [dice.choice(pieces) for _ in range(dice.randrange(1, 6))]


def _read(assault: Assault, url: str, root: Path) -> bool:
    """Whether the file inside was read."""
    try:
        with assault.within(url, 5.0):
            identify_mounted(url, {"calls": root})
            with opened_mounted(url, {"calls": root}, None) as path:
                content = path.read_bytes()
    except CodedError:
        return False
    except Exception as error:  # noqa: BLE001  # what is no error of ours is the finding
        assault.found(f"an error without a code: {type(error).__name__}", f"{url} {error!r}")
        return False
    if content != INSIDE:
        assault.reached(f"{content[:20]!r} by {url}")
    return content == INSIDE


@contextmanager
def _folder(folder: Path) -> Iterator[Path]:
    root, other = folder / "calls", folder / "calls-too"
    for made in (root / "sub", root / "swapped", other):
        made.mkdir(parents=True)
    for path in (root / "a.wav", root / "sub" / "a.wav", root / "swapped.wav", root / "swapped" / "secret.wav"):
        _put(path, INSIDE)
    for path in (folder / "secret.wav", other / "secret.wav", other / "a.wav"):
        _put(path, OUTSIDE)
    (root / "way-out").symlink_to(folder / "secret.wav")
    (root / "way-out-folder").symlink_to(other)
    (root / "ring").symlink_to(root / "ring")
    (root / "device").symlink_to("/dev/zero")
    os.mkfifo(root / "fifo")
    with ExitStack() as opened:
        bound = opened.enter_context(socket.socket(socket.AF_UNIX))
        with suppress(OSError):  # the path may be too long
            bound.bind(str(root / "socket"))
        yield root


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    os.utime(path, ns=(STAMP_NS, STAMP_NS))


@contextmanager
def _swapping(root: Path) -> Iterator[None]:
    ending = threading.Event()
    thread = threading.Thread(target=_swap, args=(root, ending), daemon=True)
    thread.start()
    yield
    ending.set()
    thread.join()


def _swap(root: Path, ending: threading.Event) -> None:
    """Each change is one rename, so that there is always something."""
    while not ending.is_set():
        for name, put, outside in (("swapped.wav", _a_file, "secret.wav"), ("swapped", _a_folder, "calls-too")):
            for make in (lambda new, outside=outside: new.symlink_to(root.parent / outside), put):
                _replace(root / name, make)


def _a_file(new: Path) -> None:
    _put(new, INSIDE)


def _a_folder(new: Path) -> None:
    new.mkdir()
    _put(new / "secret.wav", INSIDE)


def _replace(place: Path, make: Callable[[Path], None]) -> None:
    new, old = place.with_name(f"{place.name}.new"), place.with_name(f"{place.name}.old")
    make(new)
    if place.is_dir() and not place.is_symlink():  # a folder that has something in it is not replaced in one step
        place.rename(old)
        new.rename(place)
        shutil.rmtree(old)
    elif new.is_dir() and not new.is_symlink():
        place.unlink()
        new.rename(place)
    else:
        new.replace(place)
