"""The events that a server sends. Times are milliseconds of audio received in the session.

An ``item_id`` can be missing: some servers leave it out, and order tells then. What says whose an answer is,
and the answer itself, are read strictly; an odd value of anything else is as good as none.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from realtime.protocol.events.codec import ASIDE, NULLABLE
from realtime.protocol.events.parts import ErrorDetail, Item, SessionInfo, UnknownEvent


@dataclass(frozen=True, kw_only=True)
class SessionCreated:
    type: ClassVar[str] = "session.created"

    event_id: str | None = field(default=None, metadata=ASIDE)
    session: SessionInfo = field(default_factory=SessionInfo, metadata=ASIDE)


@dataclass(frozen=True, kw_only=True)
class SessionUpdated:
    type: ClassVar[str] = "session.updated"

    event_id: str | None = field(default=None, metadata=ASIDE)
    session: SessionInfo = field(default_factory=SessionInfo, metadata=ASIDE)


@dataclass(frozen=True, kw_only=True)
class ErrorEvent:
    """``invalid_request_error`` keeps the connection, ``server_error`` ends it."""

    type: ClassVar[str] = "error"

    event_id: str | None = field(default=None, metadata=ASIDE)
    error: ErrorDetail = field(default_factory=ErrorDetail, metadata=ASIDE)


@dataclass(frozen=True, kw_only=True)
class SpeechStarted:
    type: ClassVar[str] = "input_audio_buffer.speech_started"

    event_id: str | None = field(default=None, metadata=ASIDE)
    audio_start_ms: int | None = field(default=None, metadata=ASIDE)
    item_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class SpeechStopped:
    """``audio_end_ms`` is where the speech ended, without the silence that was waited for."""

    type: ClassVar[str] = "input_audio_buffer.speech_stopped"

    event_id: str | None = field(default=None, metadata=ASIDE)
    audio_end_ms: int | None = field(default=None, metadata=ASIDE)
    item_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Committed:
    type: ClassVar[str] = "input_audio_buffer.committed"

    event_id: str | None = field(default=None, metadata=ASIDE)
    previous_item_id: str | None = field(default=None, metadata=NULLABLE | ASIDE)
    item_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ItemCreated:
    type: ClassVar[str] = "conversation.item.created"

    event_id: str | None = field(default=None, metadata=ASIDE)
    previous_item_id: str | None = field(default=None, metadata=NULLABLE | ASIDE)
    item: Item = field(default_factory=Item)


@dataclass(frozen=True, kw_only=True)
class Text:
    """A preview, ``text`` (confirmed) and ``stash`` (a draft): it replaces the one before it."""

    type: ClassVar[str] = "conversation.item.input_audio_transcription.text"

    event_id: str | None = field(default=None, metadata=ASIDE)
    item_id: str | None = None
    content_index: int = field(default=0, metadata=ASIDE)
    language: str | None = field(default=None, metadata=ASIDE)
    emotion: str | None = field(default=None, metadata=ASIDE)
    text: str = field(default="", metadata=ASIDE)
    stash: str = field(default="", metadata=ASIDE)


@dataclass(frozen=True, kw_only=True)
class Completed:
    """The answer to one item. ``usage`` is undocumented: kept as it came."""

    type: ClassVar[str] = "conversation.item.input_audio_transcription.completed"

    event_id: str | None = field(default=None, metadata=ASIDE)
    item_id: str | None = None
    content_index: int = field(default=0, metadata=ASIDE)
    language: str | None = field(default=None, metadata=ASIDE)
    emotion: str | None = field(default=None, metadata=ASIDE)
    transcript: str = ""
    usage: object = None


@dataclass(frozen=True, kw_only=True)
class Failed:
    """One item could not be recognised; the session goes on."""

    type: ClassVar[str] = "conversation.item.input_audio_transcription.failed"

    event_id: str | None = field(default=None, metadata=ASIDE)
    item_id: str | None = None
    content_index: int = field(default=0, metadata=ASIDE)
    error: ErrorDetail = field(default_factory=ErrorDetail, metadata=ASIDE)


@dataclass(frozen=True, kw_only=True)
class Finished:
    type: ClassVar[str] = "session.finished"

    event_id: str | None = field(default=None, metadata=ASIDE)


ServerEvent = (
    SessionCreated
    | SessionUpdated
    | ErrorEvent
    | SpeechStarted
    | SpeechStopped
    | Committed
    | ItemCreated
    | Text
    | Completed
    | Failed
    | Finished
    | UnknownEvent
)
