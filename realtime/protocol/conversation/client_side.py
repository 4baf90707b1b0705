"""The rules of a session as its client sees them: what may be sent, and what the server's events come to.

A pure object: no socket, no clock, no thread. The driver sends the events that the methods return, hands in each event
that the server sends, and acts on the outcomes. Each segment that was opened has exactly one end, ``Answered`` or
``Refused``, whatever the server does and in whatever order; after ``Ended`` nothing more comes.
"""

from collections.abc import Callable
from typing import Any

from realtime.protocol.conversation.outcomes import (
    Answered,
    AtWork,
    Complaint,
    Ended,
    Outcome,
    Preview,
    Ready,
    Refused,
    Result,
)
from realtime.protocol.conversation.segments import OpenSegment, Segments, event_id_of, number_in
from realtime.protocol.errors import ConnectionLost, RealtimeError, RequestRejected, ServiceFault
from realtime.protocol.events import (
    Append,
    Commit,
    Committed,
    Completed,
    ErrorDetail,
    ErrorEvent,
    Failed,
    Finish,
    Finished,
    ItemCreated,
    ServerEvent,
    SessionConfig,
    SessionCreated,
    SessionUpdate,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
    Text,
    append_audio,
)
from realtime.protocol.refusals import refusal

_UPDATE_ID = "update"
_FINISH_ID = "finish"
# Answers to items not yet acknowledged that are kept; a peer that sends more is not worth the memory.
_EARLY_LIMIT = 64
_KEEPS_CONNECTION = "invalid_request_error"


class ClientConversation:
    """One session in manual mode, where we commit, or in VAD mode, where the server finds the utterances.

    ``model`` is the name that was asked for, until the server says another. ``secret`` is kept out of every error.
    """

    def __init__(self, config: SessionConfig, *, model: str = "", secret: str = "") -> None:
        self.config = config
        self.model = model
        self.manual = config.turn_detection is None
        self.ready = False
        self.finishing = False
        self.ended = False
        self.error: RealtimeError | None = None
        self.audio_ms = 0.0
        self.segments = Segments()
        self._secret = secret
        self._pending_appends = 0
        self._appends = 0
        self._early: dict[str, Completed | Failed] = {}
        self._answered_ms = 0

    @property
    def unanswered_ms(self) -> float:
        """The audio after the last utterance that was answered. VAD mode."""
        return self.audio_ms - self._answered_ms

    # What we send.

    def update(self) -> SessionUpdate:
        """The first event: our options."""
        return SessionUpdate(event_id=_UPDATE_ID, session=self.config)

    def append(self, pcm: bytes) -> Append:
        """Audio, s16le mono; raises RealtimeError where the session takes none any more."""
        self._must_be_open()
        self._appends += 1
        self._pending_appends += 1
        self.audio_ms += len(pcm) / (self.config.wanted_rate or 16000) * 500
        return append_audio(pcm, event_id_of(self.segments.next_number, f"audio_{self._appends}"))

    def commit(self) -> tuple[Commit, int]:
        """The end of a segment, and its number; raises RealtimeError where there is nothing to commit to."""
        self._must_be_open()
        if not self.manual:
            raise RequestRejected("In VAD mode the service commits, not the client.")
        if not self._pending_appends:
            raise RequestRejected("There is no audio to commit.")
        event_id = event_id_of(self.segments.next_number, "commit")
        self._pending_appends = 0
        return Commit(event_id=event_id), self.segments.add().number

    def finish(self) -> Finish:
        """The last event: no audio follows. What is open is still answered."""
        self._must_be_open()
        self.finishing = True
        return Finish(event_id=_FINISH_ID)

    # What comes.

    def receive(self, event: ServerEvent) -> list[Outcome]:
        """What one event of the server comes to. An unknown one, or one that tells nothing new, comes to nothing."""
        handle = _HANDLERS.get(type(event))
        return handle(self, event) if handle is not None and not self.ended else []

    def lost(self, error: RealtimeError) -> list[Outcome]:
        """The connection is gone, or given up: every open segment ends with ``error``."""
        return [] if self.ended else self._end(error)

    def _on_created(self, event: SessionCreated) -> list[Outcome]:
        self.model = event.session.model or self.model
        return []

    def _on_updated(self, event: SessionUpdated) -> list[Outcome]:
        self.model = event.session.model or self.model
        first, self.ready = not self.ready, True
        return [Ready(self.model)] if first else []

    def _on_speech_started(self, event: SpeechStarted) -> list[Outcome]:
        item_id = event.item_id or None
        known = self.segments.is_settled(item_id) or self.segments.named(item_id)
        if self.manual or known or (item_id is None and self.segments.first(_is_speaking)):
            return []
        segment = self.segments.add(item_id)
        segment.start_ms = event.audio_start_ms
        return [AtWork(segment.number)]

    def _on_speech_stopped(self, event: SpeechStopped) -> list[Outcome]:
        segment = self.segments.named(event.item_id) or self.segments.first(_is_speaking)
        if self.manual or segment is None:
            return []
        segment.end_ms = event.audio_end_ms
        return [AtWork(segment.number)]

    def _on_committed(self, event: Committed) -> list[Outcome]:
        item_id = event.item_id or None
        segment = self.segments.acknowledge(item_id)
        if segment is None and item_id and not self.manual and not self.segments.is_settled(item_id):
            segment = self.segments.add(item_id)
            segment.acknowledged = True
        if segment is None:
            return []
        early = self._early.pop(item_id, None) if item_id else None
        return [AtWork(segment.number), *(self.receive(early) if early else [])]

    def _on_item_created(self, event: ItemCreated) -> list[Outcome]:
        self.segments.name(event.item.id)
        return []

    def _on_text(self, event: Text) -> list[Outcome]:
        segment = self.segments.answer_to(event.item_id or None)
        if segment is not None:
            return [Preview(segment.number, event.text + event.stash, event.language)]
        if not self.manual or not self._pending_appends or self.segments.is_settled(event.item_id):
            return []
        # Some servers say what they hear before the commit: it is the segment that is being sent.
        return [Preview(self.segments.next_number, event.text + event.stash, event.language)]

    def _on_completed(self, event: Completed) -> list[Outcome]:
        segment = self._segment_of(event)
        if segment is None:
            return []
        # No database takes a NUL in a text, and no speech has one.
        text = event.transcript.replace("\0", "")
        result = Result(text, event.language, event.emotion, event.usage, segment.item_id)
        return [Answered(segment.number, result, *self._settle(segment))]

    def _on_failed(self, event: Failed) -> list[Outcome]:
        segment = self._segment_of(event)
        return [self._refuse(segment, self._refusal(event.error))] if segment else []

    def _on_error(self, event: ErrorEvent) -> list[Outcome]:
        error = self._refusal(event.error)
        if self._spoils_session(event.error.event_id):
            return self._end(error)
        segment = self._blamed(event.error.event_id)
        if event.error.type != _KEEPS_CONNECTION or (segment and not _has_no_item(segment, event.error.event_id)):
            return self._end(error, segment)
        return [self._refuse(segment, error) if segment else Complaint(error)]

    def _on_finished(self, _event: Finished) -> list[Outcome]:
        if not len(self.segments) and self.finishing:
            return self._end(None)
        return self._end(ServiceFault("The service ended the session before it had answered everything."))

    # Whose answer, whose fault.

    def _segment_of(self, event: Completed | Failed) -> OpenSegment | None:
        item_id = event.item_id or None
        segment = self.segments.answer_to(item_id)
        if segment is not None or item_id is None or self.segments.is_settled(item_id):
            return segment
        if not self.manual:
            return self.segments.add(item_id)
        # Its ``committed`` will say which segment it is: guessing could give one segment another's words.
        if len(self._early) < _EARLY_LIMIT:
            self._early.setdefault(item_id, event)
        return None

    def _spoils_session(self, event_id: str | None) -> bool:
        """True where an error leaves a session that cannot be used: without our options, or with an unknown buffer."""
        if not self.ready or event_id in {_UPDATE_ID, _FINISH_ID}:
            return True
        number = number_in(event_id)
        if number is None:
            return self.manual and self._pending_appends > 0 and self.segments.first(_is_unacknowledged) is None
        return number == self.segments.next_number or not self.manual

    def _blamed(self, event_id: str | None) -> OpenSegment | None:
        number = number_in(event_id)
        if number is not None:
            return self.segments.numbered(number)
        if not self.manual:
            return None
        return self.segments.first(_is_unacknowledged) or self.segments.first(lambda _one: True)

    def _refusal(self, detail: ErrorDetail) -> RealtimeError:
        return refusal(detail, hide=self._secret)

    def _refuse(self, segment: OpenSegment, error: RealtimeError) -> Refused:
        return Refused(segment.number, error, *self._settle(segment))

    def _end(self, error: RealtimeError | None, blamed: OpenSegment | None = None) -> list[Outcome]:
        self.ended = True
        if error is None:
            return [Ended(None)]
        # What was refused for good in one segment says nothing of those that shared its session.
        others = error if error.retryable else ConnectionLost("The session ended over another segment.")
        self.error = others if blamed else error
        refused = [self._refuse(one, error if one is blamed else others) for one in self.segments]
        return [*refused, Ended(error)]

    def _settle(self, segment: OpenSegment) -> tuple[int | None, int | None]:
        """The segment has its end; its times, in VAD mode."""
        self.segments.settle(segment)
        if self.manual:
            return None, None
        start_ms, end_ms = self._times(segment)
        self._answered_ms = max(self._answered_ms, end_ms)
        return start_ms, end_ms

    def _times(self, segment: OpenSegment) -> tuple[int, int]:
        """Start and end of an utterance; where a server did not say, what is certain to hold it."""
        start_ms = max(0, self._answered_ms if segment.start_ms is None else segment.start_ms)
        end_ms = max(start_ms, int(self.audio_ms) if segment.end_ms is None else segment.end_ms)
        return start_ms, end_ms

    def _must_be_open(self) -> None:
        if self.ended or self.finishing:
            raise self.error or ConnectionLost("The session is over.")


def _is_speaking(segment: OpenSegment) -> bool:
    return segment.end_ms is None and not segment.acknowledged


def _is_unacknowledged(segment: OpenSegment) -> bool:
    return not segment.acknowledged


def _has_no_item(segment: OpenSegment, event_id: str | None) -> bool:
    """True where an error refuses the segment's commit: no item came of it, and none will.

    After any other error about a segment an item of it may still be answered. Where that answer does not say whose it
    is, order would give it to the next segment.
    """
    return not segment.acknowledged and event_id == event_id_of(segment.number, "commit")


_HANDLERS: dict[type, Callable[[ClientConversation, Any], list[Outcome]]] = {
    SessionCreated: ClientConversation._on_created,
    SessionUpdated: ClientConversation._on_updated,
    SpeechStarted: ClientConversation._on_speech_started,
    SpeechStopped: ClientConversation._on_speech_stopped,
    Committed: ClientConversation._on_committed,
    ItemCreated: ClientConversation._on_item_created,
    Text: ClientConversation._on_text,
    Completed: ClientConversation._on_completed,
    Failed: ClientConversation._on_failed,
    ErrorEvent: ClientConversation._on_error,
    Finished: ClientConversation._on_finished,
}
