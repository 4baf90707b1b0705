"""What was said and sent, worked out from the recordings and the service's own log: never from our rows."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from realtime.service.engines.scripted import MODEL, words_of
from worker.audio.windows import AudioLimits, open_audio
from worker.split.cutting import cut
from worker.split.presets import PRESETS
from worker.states import Channels, Segmentation

LIMITS = AudioLimits(max_duration_ms=3_600_000)
STORE_S = 1.0  # an answer that left the service may be on its way to the database for so long
BYTES_PER_MS = 32
Said = tuple[int, int, int, str]


def expected(path: Path, segmentation: Segmentation = Segmentation.DOCUMENT, model: str = MODEL) -> list[Said]:
    """(channel, start_ms, end_ms, text) of each segment, in the order of a transcript, as the model hears it."""
    with open_audio(path, LIMITS) as decoding:
        pieces = cut(decoding, channels=Channels.AUTO, preset=PRESETS[segmentation], segment_limit_ms=60_000)
        said = [(p.span, " ".join(words_of(p.audio.raw_data, model))) for p in pieces]
    heard = [(span.channel, span.start_ms, span.end_ms, text) for span, text in said]
    return sorted(heard, key=lambda segment: (segment[1], segment[0]))


def in_transcript(transcript: dict[str, Any]) -> list[Said]:
    return [(s["channel"], s["start_ms"], s["end_ms"], s["text"]) for s in transcript["segments"]]


def length_ms(said: Iterable[Said]) -> int:
    return sum(end_ms - start_ms for _, start_ms, end_ms, _ in said)


@dataclass
class Item:
    """One segment as one session of the service saw it; times are seconds since the epoch, None where it never came."""

    begun_s: float
    accepted_bytes: int = 0
    sha256: str | None = None
    answered_s: float | None = None
    ended_s: float | None = None  # its session's end
    last_s: float = 0.0  # when audio came last

    @property
    def accepted_ms(self) -> int:
        return self.accepted_bytes // BYTES_PER_MS

    def is_in_work(self) -> bool:
        return self.answered_s is None and self.ended_s is None

    def is_answered(self, by_s: float = inf) -> bool:
        return self.answered_s is not None and self.answered_s <= by_s

    def was_in_flight(self, from_s: float, until_s: float) -> bool:
        """Whether it had begun to arrive by then, and its answer was not stored for certain."""
        return self.begun_s <= until_s and (self.answered_s is None or self.answered_s > from_s - STORE_S)


@dataclass(frozen=True)
class Handshake:
    at_s: float
    status: int


@dataclass
class ServiceLog:
    """The service's log, read as it grows."""

    path: Path
    items: dict[tuple[str, str], Item] = field(default_factory=dict)
    handshakes: list[Handshake] = field(default_factory=list)
    _of_session: dict[str, list[Item]] = field(default_factory=dict)
    _read_bytes: int = 0

    def read(self) -> "ServiceLog":
        """Take in what was written since the last time."""
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self._read_bytes)
                lines = file.read().rpartition(b"\n")[0]
            self._read_bytes += len(lines) + bool(lines)
            for line in lines.splitlines():
                self._take(json.loads(line))
        return self

    def in_work(self) -> int:
        """Segments that the service is receiving or recognising now."""
        return sum(item.is_in_work() for item in self.items.values())

    def answered(self) -> int:
        return sum(item.is_answered() for item in self.items.values())

    def in_flight(self, from_s: float, until_s: float | None = None) -> set[tuple[str, str]]:
        """Items that a fault may have cost which lasted from then until then."""
        until_s = from_s if until_s is None else until_s
        return {name for name, item in self.items.items() if item.was_in_flight(from_s, until_s)}

    def said(self, until_s: float = inf) -> int:
        """How many segments had an answer by then: the same audio counts once, however often it came."""
        return len({item.sha256 for item in self.items.values() if item.is_answered(until_s)})

    def sent_and_needed_ms(self, from_s: float, until_s: float) -> tuple[int, int]:
        """Audio of the items that began between these times, and the part of it that got its first answer."""
        came = [item for item in self.items.values() if from_s <= item.begun_s <= until_s]
        firsts = {id(item) for item in self._first_answered()}
        return sum(i.accepted_ms for i in came), sum(i.accepted_ms for i in came if id(i) in firsts)

    def _first_answered(self) -> Iterable[Item]:
        answered = [item for item in self.items.values() if item.is_answered()]
        latest_first = sorted(answered, key=lambda item: -(item.answered_s or 0))
        return {item.sha256: item for item in latest_first}.values()

    def committed_twice(self) -> int:
        counted = Counter(item.sha256 for item in self.items.values() if item.sha256)
        return sum(times - 1 for times in counted.values())

    def accepted_ms(self, names: Iterable[tuple[str, str]] | None = None) -> int:
        """Audio that the service took: of all items, or of these."""
        items = self.items.values() if names is None else (self.items[name] for name in names)
        return sum(item.accepted_bytes for item in items) // BYTES_PER_MS

    def _take(self, event: dict[str, Any]) -> None:
        if event["event"] == "handshake":
            self.handshakes.append(Handshake(event["at_s"], event["status"]))
        elif event["event"] == "end":
            for item in self._of_session.pop(event["session"], []):
                item.ended_s = event["at_s"]
        elif event.get("item"):
            self._note(self._item(event["session"], event["item"], event["at_s"]), event)

    def _item(self, session: str, name: str, at_s: float) -> Item:
        if (session, name) not in self.items:
            item = self.items[session, name] = Item(begun_s=at_s)
            self._of_session.setdefault(session, []).append(item)
        return self.items[session, name]

    def _note(self, item: Item, event: dict[str, Any]) -> None:
        match event["event"]:
            case "append":
                item.accepted_bytes += int(event["bytes"])
                item.last_s = event["at_s"]
            case "commit":
                item.sha256 = event["sha256"]
            case "completed" | "failed":
                item.answered_s = event["at_s"]
