"""The items of a session: spoken, committed, recognised. Each committed one is answered or failed exactly once."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from realtime.protocol.engine import NEUTRAL, Answer, Hypothesis, Segment
from realtime.protocol.events import (
    Committed,
    Completed,
    ContentPart,
    ErrorDetail,
    Failed,
    Item,
    ItemCreated,
    ServerEvent,
    Text,
)


@dataclass(frozen=True)
class Send:
    """Send this event."""

    event: ServerEvent


@dataclass(frozen=True)
class Accepted:
    """Audio that was taken in, as it came. ``item_id`` is None where nobody speaks, in VAD mode."""

    item_id: str | None
    pcm: bytes


@dataclass(frozen=True)
class ItemAudio:
    """More audio of an item that is still open: 16 kHz s16le. Only in VAD mode, where the client knows the item."""

    item_id: str
    pcm: bytes


@dataclass(frozen=True)
class Recognise:
    """Recognise this committed item; report through ``previewed``, ``answered`` or ``failed``."""

    segment: Segment


@dataclass(frozen=True)
class SessionEnded:
    """Everything was said; the client closes, and may be closed when it does not."""


Output = Send | Accepted | ItemAudio | Recognise | SessionEnded


_NOTHING_YET = Hypothesis("", "")


@dataclass(frozen=True)
class _Pending:
    """A committed item without an answer, and what was last said of it."""

    language: str | None
    preview: Hypothesis = _NOTHING_YET


class Items:
    """Speaks of items through ``say``, which gives an event its id."""

    def __init__(self, say: Callable[..., Send], new_id: Callable[[str], str]) -> None:
        self._say = say
        self._new_id = new_id
        self._open: str | None = None
        self._last: str | None = None
        self._pending: dict[str, _Pending] = {}

    @property
    def pending(self) -> int:
        """Committed items that have no answer yet."""
        return len(self._pending)

    @property
    def being_spoken(self) -> str | None:
        """The item whose audio is still coming."""
        return self._open

    def open(self) -> str:
        """A new item, whose audio is still coming: its id."""
        self._open = self._open or self._new_id("item")
        return self._open

    def commit(self, pcm: bytes, *, language: str | None, context: str) -> list[Output]:
        """The open item, or a new one, is whole."""
        item_id, previous = self.open(), self._last
        self._open, self._last = None, item_id
        self._pending[item_id] = _Pending(language)
        item = Item(id=item_id, status="completed", content=(ContentPart(),))
        return [
            self._say(Committed(previous_item_id=previous, item_id=item_id)),
            self._say(ItemCreated(previous_item_id=previous, item=item)),
            Recognise(Segment(item_id=item_id, pcm=pcm, language=language, context=context)),
        ]

    def previewed(self, item_id: str, preview: Hypothesis, language: str | None) -> list[Output]:
        """A hypothesis about an item that is being spoken or recognised."""
        if item_id in self._pending:
            self._pending[item_id] = replace(self._pending[item_id], preview=preview)
        elif item_id != self._open:
            return []
        return [self._text(item_id, preview, language)]

    def heartbeat(self) -> list[Output]:
        """The last preview of the oldest item without an answer, once more."""
        first = next(iter(self._pending.items()), None)
        return [self._text(first[0], first[1].preview, first[1].language)] if first else []

    def answered(self, item_id: str, answer: Answer) -> list[Output]:
        """The answer to an item. A second one, or one that nobody asked for, says nothing."""
        if self._pending.pop(item_id, None) is None:
            return []
        return [
            self._say(
                Completed(
                    item_id=item_id,
                    language=answer.language,
                    emotion=answer.emotion,
                    transcript=answer.text,
                )
            )
        ]

    def failed(self, item_id: str, *, code: str, message: str) -> list[Output]:
        """There will be no answer to this item."""
        if self._pending.pop(item_id, None) is None:
            return []
        return [self._say(Failed(item_id=item_id, error=ErrorDetail(type="server_error", code=code, message=message)))]

    def _text(self, item_id: str, preview: Hypothesis, language: str | None) -> Send:
        return self._say(
            Text(item_id=item_id, language=language, emotion=NEUTRAL, text=preview.text, stash=preview.stash)
        )
