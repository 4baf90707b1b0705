"""What an import would take, before it takes anything: a bounded look at its listing."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from worker.audio.lengths import head_length_ms, said_length_ms
from worker.imports.candidates import REFUSALS
from worker.imports.listing import ImportSource, ListedItem, list_items
from worker.imports.walking import ending_of
from worker.media.mounts import is_mounted, open_mounted, source_errors
from worker.media.sources import look_at_source
from worker.media.store import MediaStore
from worker.settings import Settings
from worker.shapes.archives import ImportEstimate

AT_MOST = 20_000  # items that are looked at
LOOK_S = 20.0  # for all of them
BY_FFMPEG_S = 10.0  # of it, for lengths that ffmpeg has to find: some hundredths of a second for each file

COSTS = ("to_send_ms", "ratio_from", "cost_usd", "time_s")
NO_LENGTH = (
    "How long the recordings are is not known before they are fetched or decoded: so neither are the hours to send, "
    "the money and the time. A budget holds all the same."
)


@dataclass
class Kind:
    """Recordings whose names end alike; ``measured`` have a length that could be read."""

    recordings: int = 0
    bytes: int = 0
    measured: int = 0
    measured_bytes: int = 0
    measured_ms: int = 0

    def add(self, size_bytes: int, length_ms: int | None) -> None:
        """One more."""
        self.recordings += 1
        self.bytes += size_bytes
        if length_ms is not None:
            self.measured += 1
            self.measured_bytes += size_bytes
            self.measured_ms += length_ms

    def expected_ms(self, mean_ms: float) -> float:
        """Of them all: by their bytes, as those that were measured, else each as long as the mean of other kinds."""
        if self.measured_bytes:
            return self.measured_ms * self.bytes / self.measured_bytes
        return self.recordings * mean_ms


@dataclass
class ListingCounts:
    """Counts of what was looked at; ``complete``: of all there is."""

    refused: int = 0
    complete: bool = True
    kinds: dict[str, Kind] = field(default_factory=lambda: defaultdict(Kind))

    def add(self, name: str, size_bytes: int, length_ms: int | None) -> None:
        """One that would be taken."""
        self.kinds[ending_of(name)].add(size_bytes, length_ms)

    @property
    def recordings(self) -> int:
        return sum(kind.recordings for kind in self.kinds.values())

    @property
    def measured(self) -> int:
        return sum(kind.measured for kind in self.kinds.values())

    @property
    def audio_ms(self) -> int | None:
        """The length of all, where those that could not be measured are as the others; None where none could be."""
        if not self.measured:
            return None if self.recordings else 0
        mean_ms = sum(kind.measured_ms for kind in self.kinds.values()) / self.measured
        return round(sum(kind.expected_ms(mean_ms) for kind in self.kinds.values()))

    def view(self) -> ImportEstimate:
        """As it is shown where nothing is sent."""
        return ImportEstimate(
            recordings=self.recordings,
            refused=self.refused,
            bytes=sum(kind.bytes for kind in self.kinds.values()),
            audio_ms=self.audio_ms,
            measured=self.measured,
            complete=self.complete,
            to_send_ms=None,
            ratio_from=None,
            cost_usd=None,
            time_s=None,
            unknown=NO_LENGTH if self.audio_ms is None else None,
        )


class Heads:
    """Reads lengths from files' heads; those that only ffmpeg finds for ``by_ffmpeg_s``, and then no more."""

    def __init__(self, by_ffmpeg_s: float = BY_FFMPEG_S) -> None:
        self._until = time.monotonic() + by_ffmpeg_s

    def length_ms(self, path: Path) -> int | None:
        """None where it cannot be read, or would take too long. Raises OSError."""
        length_ms = head_length_ms(path)
        if length_ms is None and time.monotonic() < self._until:
            return said_length_ms(path)
        return length_ms


def expect(source: ImportSource, settings: Settings, store: MediaStore) -> ListingCounts:
    """Look at a folder for LOOK_S at most. Raises as `list_items` does."""
    seen, heads = ListingCounts(), Heads()
    until = time.monotonic() + LOOK_S
    for number, item in enumerate(list_items(source, settings, store, None, 0)):
        if number >= AT_MOST or time.monotonic() > until:
            seen.complete = False
            break
        _count(seen, item, settings, heads)
    return seen


def _count(seen: ListingCounts, item: ListedItem, settings: Settings, heads: Heads) -> None:
    try:
        if item.error is not None:
            raise item.error
        state = item.state or look_at_source(item.url, settings)
        length_ms = _length_ms(item, settings, heads)
    except REFUSALS:
        seen.refused += 1
        return
    seen.add(item.name, state.size_bytes or 0, length_ms)


def _length_ms(item: ListedItem, settings: Settings, heads: Heads) -> int | None:
    if not is_mounted(item.url):
        return None
    with open_mounted(item.url, settings.roots) as opened, source_errors(item.url):
        return heads.length_ms(opened.path)
