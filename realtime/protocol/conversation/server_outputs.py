"""What a ServerConversation wants done by whoever drives it, in the order of the list."""

from dataclasses import dataclass

from realtime.protocol.engine import Segment
from realtime.protocol.events import ServerEvent


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
class Heard:
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


Output = Send | Accepted | Heard | Recognise | SessionEnded
