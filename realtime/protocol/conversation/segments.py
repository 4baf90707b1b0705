"""Which item of the server is which segment of ours.

An item is known by its id once ``committed`` (or ``speech_started``) has named it. Where a server leaves the id out,
order tells. An item that was answered is remembered, so that a second answer to it finds nobody.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Our event ids name their segment, so that an error can be traced to it without keeping a list of what was sent.
_EVENT_ID = re.compile(r"segment_(\d{1,18})_")
# Answered items that are remembered: duplicates come soon after, and a session may last for days.
_REMEMBERED = 1000


@dataclass(eq=False)
class OpenSegment:
    """One commit, or one utterance, that waits for its answer. Times in ms, in VAD mode only."""

    number: int
    item_id: str | None = None
    acknowledged: bool = False
    start_ms: int | None = None
    end_ms: int | None = None


def event_id_of(number: int, what: str) -> str:
    """The id of an event of ours about the segment of this number."""
    return f"segment_{number}_{what}"


def number_in(event_id: str | None) -> int | None:
    """The number of the segment that an event of ours was about; None where it was about none."""
    match = _EVENT_ID.match(event_id or "")
    return int(match[1]) if match else None


class Segments:
    """The segments of one session that are open, and the memory of those that were."""

    def __init__(self) -> None:
        self._open: dict[int, OpenSegment] = {}
        self._items: dict[str, OpenSegment] = {}
        self._settled: OrderedDict[str, None] = OrderedDict()
        self._next = 0
        self._acknowledges = False
        self.names_items = False

    def __iter__(self) -> Iterator[OpenSegment]:
        return iter(list(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    @property
    def next_number(self) -> int:
        """The number that the next segment will get."""
        return self._next

    def add(self, item_id: str | None = None) -> OpenSegment:
        """A new open segment."""
        segment = OpenSegment(self._next)
        self._next += 1
        self._open[segment.number] = segment
        self._bind(segment, item_id)
        return segment

    def numbered(self, number: int) -> OpenSegment | None:
        """The open segment of this number."""
        return self._open.get(number)

    def named(self, item_id: str | None) -> OpenSegment | None:
        """The open segment that is known under this id."""
        return self._items.get(item_id) if item_id else None

    def is_settled(self, item_id: str | None) -> bool:
        """True where an item of this id has had its answer."""
        return item_id in self._settled

    def acknowledge(self, item_id: str | None) -> OpenSegment | None:
        """The server took a commit: the segment that it must mean, or None where it tells nothing new."""
        self._acknowledges = True
        self.names_items |= item_id is not None
        if self.is_settled(item_id):
            return None
        segment = self.named(item_id) or self.first(lambda one: not one.acknowledged and one.item_id is None)
        if segment is not None:
            segment.acknowledged = True
            self._bind(segment, item_id)
        return segment

    def name(self, item_id: str | None) -> None:
        """An item was created: the name of a commit that was acknowledged without one."""
        if item_id and not self.is_settled(item_id) and item_id not in self._items:
            segment = self.first(lambda one: one.acknowledged and one.item_id is None)
            if segment is not None:
                self._bind(segment, item_id)

    def answer_to(self, item_id: str | None) -> OpenSegment | None:
        """The segment that an answer or a preview is about, or None: a duplicate, or too early to tell."""
        if item_id is None:
            # A server that acknowledges commits does so before it answers: what comes sooner is a second answer
            # to the segment before.
            return self.first(lambda one: one.acknowledged or not self._acknowledges)
        if self.is_settled(item_id) or item_id in self._items:
            return self.named(item_id)
        segment = None if self.names_items else self.first(lambda one: one.item_id is None)
        if segment is not None:
            self._bind(segment, item_id)
        return segment

    def first(self, fits: Callable[[OpenSegment], bool]) -> OpenSegment | None:
        """The oldest open segment that fits."""
        return next((segment for segment in self._open.values() if fits(segment)), None)

    def settle(self, segment: OpenSegment) -> None:
        """The segment has had its answer: nothing else will reach it."""
        del self._open[segment.number]
        if segment.item_id is None:
            return
        del self._items[segment.item_id]
        self._settled[segment.item_id] = None
        if len(self._settled) > _REMEMBERED:
            self._settled.popitem(last=False)

    def _bind(self, segment: OpenSegment, item_id: str | None) -> None:
        if item_id and segment.item_id is None:
            segment.item_id = item_id
            self._items[item_id] = segment
