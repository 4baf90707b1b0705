"""What an import would take, before it takes anything: a bounded look at its listing."""

import time
from dataclasses import dataclass
from pathlib import Path

from worker.archives.listing import Asked, Item, list_items
from worker.archives.preparing import REFUSALS
from worker.audio.wav import PCM, NoWav, read_head
from worker.media.looks import look_at_source
from worker.media.mounts import find_mounted, is_mounted, source_errors
from worker.media.store import MediaStore
from worker.settings import Settings

AT_MOST = 20_000  # items that are looked at
LOOK_S = 20.0  # for all of them
PLAIN = frozenset({PCM, 3})  # 3: as floating-point numbers


@dataclass(kw_only=True)
class Expectation:
    """Counts of what was looked at; ``complete``: of all there is. ``measured`` have a length that could be seen."""

    recordings: int = 0
    refused: int = 0
    bytes: int = 0
    audio_ms: int = 0
    measured: int = 0
    complete: bool = True

    def add(self, size_bytes: int | None, length_ms: int | None) -> None:
        """One that would be taken."""
        self.recordings += 1
        self.bytes += size_bytes or 0
        self.audio_ms += length_ms or 0
        self.measured += length_ms is not None


def expect(source: Asked, settings: Settings, store: MediaStore) -> Expectation:
    """Look at a folder for LOOK_S at most. Raises as `list_items` does."""
    seen = Expectation()
    until = time.monotonic() + LOOK_S
    for number, item in enumerate(list_items(source, settings, store, None, 0)):
        if number >= AT_MOST or time.monotonic() > until:
            seen.complete = False
            break
        _count(seen, item, settings)
    return seen


def _count(seen: Expectation, item: Item, settings: Settings) -> None:
    try:
        if item.error is not None:
            raise item.error
        state = item.state or look_at_source(item.url, settings)
        length_ms = _length_ms(item, settings)
    except REFUSALS:
        seen.refused += 1
        return
    seen.add(state.size_bytes, length_ms)


def _length_ms(item: Item, settings: Settings) -> int | None:
    if not is_mounted(item.url):
        return None
    with source_errors(item.url):
        return seen_length_ms(find_mounted(item.url, settings.roots))


def seen_length_ms(path: Path) -> int | None:
    """A WAV's length by its head; None where it cannot be seen without decoding. Raises OSError."""
    with path.open("rb") as file:
        try:
            head = read_head(file.read)
        except NoWav:
            return None
    if head.codec not in PLAIN or not head.frame_bytes:
        return None
    behind = max(0, path.stat().st_size - head.data_offset)
    data_bytes = behind if head.data_bytes is None else min(behind, head.data_bytes)
    return data_bytes // head.frame_bytes * 1000 // head.frame_rate
