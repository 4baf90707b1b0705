"""Whether anybody opened a file: the kernel's word for it. Linux only."""

import ctypes
import os
import struct
from pathlib import Path

OPENED = 0x20
NONBLOCK = 0o4000


class Watch:
    """Counts the openings of these files since it was made."""

    def __init__(self, *paths: Path) -> None:
        self._paths: dict[int, Path] = {}
        self._library = ctypes.CDLL(None, use_errno=True)
        self._file = self._library.inotify_init1(NONBLOCK) if hasattr(self._library, "inotify_init1") else -1
        for path in paths if self._file >= 0 else ():
            number = self._library.inotify_add_watch(self._file, os.fsencode(path), OPENED)
            self._paths[number] = path

    @property
    def works(self) -> bool:
        return self._file >= 0

    def opened(self) -> list[Path]:
        """Those that were opened since the last look."""
        try:
            told = os.read(self._file, 65_536)
        except (BlockingIOError, OSError):
            return []
        found, at = [], 0
        while at < len(told):
            number, _mask, _cookie, length = struct.unpack_from("iIII", told, at)
            found.append(self._paths[number])
            at += 16 + length
        return found

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
