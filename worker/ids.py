"""Identifiers that sort by the time they were made, and within a process by their order; and names of processes."""

import os
import platform
import secrets
import threading
import time
from datetime import datetime

COUNTER_BITS = 12


class _Clock:
    """A time in units of 1/4096 ms that only rises, so that ids of one millisecond keep their order."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def tick(self) -> int:
        now = time.time_ns() // 1_000_000 << COUNTER_BITS
        with self._lock:
            self._last = max(self._last + 1, now)
            return self._last


_clock = _Clock()


def first_id(moment: datetime) -> str:
    """No id that was made before this moment is above it, and none that is made later is below."""
    return f"{int(moment.timestamp() * 1000) << 80:032x}"


def new_id() -> str:
    """32 hexadecimal digits in the layout of UUID version 7 (RFC 9562): 48 bits of ms, a 12-bit counter, 62 random."""
    stamp, counter = divmod(_clock.tick(), 1 << COUNTER_BITS)
    return f"{(stamp << 80) | (0x7 << 76) | (counter << 64) | (0b10 << 62) | secrets.randbits(62):032x}"


def process_name() -> str:
    """Who this process is, among all that claim: its host and number, and a token, since numbers come again."""
    return f"{platform.node()}:{os.getpid()}:{secrets.token_hex(3)}"
