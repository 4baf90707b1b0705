"""A ServerConversation with ids that count, and shorthands for what goes in and comes out."""

import base64
import itertools
import json
from typing import Any

from realtime.protocol.conversation.server_outputs import Output, Recognise, Send, SessionEnded
from realtime.protocol.conversation.server_side import ServerConversation
from realtime.protocol.engine import Answer, Segment
from realtime.protocol.events import ErrorDetail, ErrorEvent, ServerEvent


def conversation(languages: frozenset[str] | None = None) -> ServerConversation:
    numbers = itertools.count(1)
    return ServerConversation(
        session_id="sess_1", model="tester", languages=languages, new_id=lambda prefix: f"{prefix}_{next(numbers)}"
    )


def manual(**session: Any) -> ServerConversation:  # noqa: ANN401  # the fields of a session.update
    made = conversation()
    update(made, turn_detection=None, **session)
    return made


def send(made: ServerConversation, kind: str, **fields: Any) -> list[Output]:  # noqa: ANN401  # JSON
    return made.receive(json.dumps({"type": kind, **fields}))


def update(made: ServerConversation, **session: Any) -> list[Output]:  # noqa: ANN401  # JSON
    return send(made, "session.update", event_id="up", session=session)


def append(made: ServerConversation, pcm: bytes, event_id: str = "app") -> list[Output]:
    return send(made, "input_audio_buffer.append", event_id=event_id, audio=base64.b64encode(pcm).decode())


def commit(made: ServerConversation) -> list[Output]:
    return send(made, "input_audio_buffer.commit", event_id="com")


def finish(made: ServerConversation) -> list[Output]:
    return send(made, "session.finish", event_id="fin")


def answer(made: ServerConversation, segment: Segment, text: str = "words") -> list[Output]:
    return made.answered(segment.item_id, Answer(text=text, language="en"))


def events(outputs: list[Output]) -> list[ServerEvent]:
    return [output.event for output in outputs if isinstance(output, Send)]


def kinds(outputs: list[Output]) -> list[str]:
    """The types of the events, without what they all begin with; ENDED where the session has ended."""
    names = [
        "ENDED" if isinstance(output, SessionEnded) else output.event.type
        for output in outputs
        if isinstance(output, Send | SessionEnded)
    ]
    return [name.removeprefix("conversation.item.input_audio_transcription.") for name in names]


def segments(outputs: list[Output]) -> list[Segment]:
    return [output.segment for output in outputs if isinstance(output, Recognise)]


def error(outputs: list[Output]) -> ErrorDetail:
    (event,) = events(outputs)
    assert isinstance(event, ErrorEvent)
    return event.error
