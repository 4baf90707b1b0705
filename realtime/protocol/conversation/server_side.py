"""The server's side of a session as a pure object: frames and answers in, a list of outputs out.

No frame raises and none ends the session: what cannot be done is answered with an ``error`` event that names the
offending event (protocol: ``invalid_request_error`` keeps the connection).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from realtime.protocol.conversation.audio_input import (
    ManualBuffer,
    TurnAudio,
    TurnBuffer,
    TurnEvent,
    TurnStarted,
    TurnStopped,
)
from realtime.protocol.conversation.server_items import Accepted, ItemAudio, Items, Output, Send, SessionEnded
from realtime.protocol.conversation.server_settings import Rejected, SessionSettings
from realtime.protocol.engine import Answer, Hypothesis
from realtime.protocol.events import (
    Append,
    ClientEvent,
    Commit,
    Committed,
    Completed,
    ErrorDetail,
    ErrorEvent,
    Failed,
    Finish,
    Finished,
    ItemCreated,
    MalformedEvent,
    SessionCreated,
    SessionUpdate,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
    Text,
    decode_client,
)

# Documented: 15 MiB of base64 in one append.
MAX_AUDIO_CHARS = 15 * 1024 * 1024
# A longer id of an event is not repeated in the error about it: errors wait until their client reads them.
MAX_ID_CHARS = 256

Said = TypeVar(
    "Said",
    bound=SessionCreated | SessionUpdated | ErrorEvent | SpeechStarted | SpeechStopped
    | Committed | ItemCreated | Text | Completed | Failed | Finished,
)  # fmt: skip


class ServerConversation:
    """One session. ``new_id`` makes a unique id out of a prefix; ``languages`` None takes any."""

    def __init__(
        self, *, session_id: str, model: str, languages: frozenset[str] | None, new_id: Callable[[str], str]
    ) -> None:
        self.session_id = session_id
        self.settings = SessionSettings(model=model)
        self.finishing = False
        self._finished = False
        self._languages = languages
        self._new_id = new_id
        self._items = Items(self._say, new_id)
        self._received_ms = 0.0
        self._buffer = self._make_buffer()

    @property
    def pending(self) -> int:
        """Committed items that have no answer yet."""
        return self._items.pending

    def open(self) -> list[Output]:
        """What is said before anything was received."""
        return [self._say(SessionCreated(session=self.settings.describe(self.session_id)))]

    def receive(self, frame: str | bytes) -> list[Output]:
        """A frame of the client: text, or bytes for a binary one, which this protocol does not have."""
        try:
            return self._handle(_decode(frame))
        except MalformedEvent as error:
            return [self._error(Rejected(error.message, code=error.code, param=error.param), error.event_id)]

    def previewed(self, item_id: str, preview: Hypothesis) -> list[Output]:
        """A hypothesis about an item that is being spoken or recognised."""
        return self._items.previewed(item_id, preview, self._language)

    def heartbeat(self) -> list[Output]:
        """Something to say while a client waits for an answer; nothing when none does."""
        return self._items.heartbeat()

    def answered(self, item_id: str, answer: Answer) -> list[Output]:
        """The answer to an item; one that is not waited for says nothing."""
        return self._closing(self._items.answered(item_id, answer))

    def failed(self, item_id: str, *, code: str, message: str) -> list[Output]:
        """The engine has no answer to this item; the session goes on."""
        return self._closing(self._items.failed(item_id, code=code, message=message))

    def refuse(self, *, code: str, message: str) -> list[Output]:
        """The service ends the session for a reason of its own."""
        error = ErrorDetail(type="server_error", code=code, message=message)
        return [self._say(ErrorEvent(error=error)), SessionEnded()]

    @property
    def _language(self) -> str | None:
        """What was asked for, or the only one that the engine has."""
        only = next(iter(self._languages)) if self._languages and len(self._languages) == 1 else None
        return self.settings.language or only

    def _handle(self, event: ClientEvent) -> list[Output]:
        try:
            return self._take(event)
        except Rejected as error:
            return [self._error(error, event.event_id)]

    def _take(self, event: ClientEvent) -> list[Output]:
        if self.finishing:
            raise Rejected("The session is finishing: nothing more is taken.", param="type")
        match event:
            case Append():
                return self._append(event)
            case Commit():
                return self._commit()
            case SessionUpdate():
                return self._update(event)
            case Finish():
                return self._finish()
        raise Rejected(f"There is no event {event.type[:60]!r} in this protocol.", param="type")

    def _append(self, event: Append) -> list[Output]:
        if len(event.audio) > MAX_AUDIO_CHARS:
            raise Rejected("An append holds at most 15 MiB of base64.", param="audio")
        pcm = event.pcm()
        if len(pcm) % 2:
            raise Rejected("The audio is not whole samples of 16 bits.", param="audio")
        self._received_ms += len(pcm) * 500 / self.settings.sample_rate
        if isinstance(self._buffer, TurnBuffer):
            outputs = self._turns(self._buffer.feed(pcm))
            return [Accepted(self._items.being_spoken, pcm), *outputs]
        self._buffer.feed(pcm)
        return [Accepted(self._items.open(), pcm)]

    def _commit(self) -> list[Output]:
        if isinstance(self._buffer, TurnBuffer):
            raise Rejected("A commit is for manual mode: set turn_detection to null.", param="session.turn_detection")
        return self._item(self._buffer.take())

    def _update(self, event: SessionUpdate) -> list[Output]:
        before, after = self.settings, self.settings.updated(event.session, self._languages)
        same_audio = (before.vad, before.sample_rate) == (after.vad, after.sample_rate)
        outputs = [] if same_audio else self._flush()
        self.settings = after
        self._buffer = self._buffer if same_audio else self._make_buffer()
        return [*outputs, self._say(SessionUpdated(session=after.describe(self.session_id)))]

    def _finish(self) -> list[Output]:
        outputs = self._flush()
        self.finishing = True
        return self._closing(outputs)

    def _flush(self) -> list[Output]:
        """What lies in the buffer becomes an item: a client that forgot the last commit loses nothing by it."""
        if isinstance(self._buffer, TurnBuffer):
            return self._turns(self._buffer.finish())
        try:
            return [] if self._buffer.empty else self._item(self._buffer.take())
        except Rejected as error:  # more than a commit can hold: said, and the session ends as it was asked to
            return [self._error(error, None)]

    def _make_buffer(self) -> ManualBuffer | TurnBuffer:
        settings = self.settings
        if settings.vad is None:
            return ManualBuffer(settings.sample_rate)
        return TurnBuffer(settings.sample_rate, settings.vad, round(self._received_ms))

    def _turns(self, turns: list[TurnEvent]) -> list[Output]:
        return [output for turn in turns for output in self._turn(turn)]

    def _turn(self, turn: TurnEvent) -> list[Output]:
        item_id = self._items.open()
        match turn:
            case TurnStarted(at_ms):
                return [self._say(SpeechStarted(audio_start_ms=at_ms, item_id=item_id))]
            case TurnAudio(pcm):
                return [ItemAudio(item_id, pcm)]
            case TurnStopped(at_ms, pcm):
                return [self._say(SpeechStopped(audio_end_ms=at_ms, item_id=item_id)), *self._item(pcm)]

    def _item(self, pcm: bytes) -> list[Output]:
        return self._items.commit(pcm, language=self._language, context=self.settings.context)

    def _closing(self, outputs: list[Output]) -> list[Output]:
        """The outputs, and the session's end when they were the last thing it waited for."""
        if self._finished or not self.finishing or self._items.pending:
            return outputs
        self._finished = True
        return [*outputs, self._say(Finished()), SessionEnded()]

    def _error(self, error: Rejected, event_id: str | None) -> Send:
        detail = ErrorDetail(
            type="invalid_request_error",
            code=error.code,
            message=error.message,
            param=error.param,
            event_id=event_id if len(event_id or "") <= MAX_ID_CHARS else None,
        )
        return self._say(ErrorEvent(error=detail))

    def _say(self, event: Said) -> Send:
        return Send(replace(event, event_id=self._new_id("event")))


def _decode(frame: str | bytes) -> ClientEvent:
    if isinstance(frame, bytes):
        raise MalformedEvent("Binary frames have no meaning here: audio goes into input_audio_buffer.append.")
    return decode_client(frame)
