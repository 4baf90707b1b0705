"""The events that a client sends. ``event_id`` is the client's own and may be absent."""

import base64
import binascii
from dataclasses import dataclass
from typing import ClassVar

from realtime.protocol.events.codec import MalformedEvent
from realtime.protocol.events.parts import SessionConfig, UnknownEvent


class Base64(str):
    """A text that was made by an encoder, so that nothing in it needs an escape in JSON."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class SessionUpdate:
    type: ClassVar[str] = "session.update"

    event_id: str | None = None
    session: SessionConfig


@dataclass(frozen=True, kw_only=True)
class Append:
    """Audio for the buffer, as base64: decoding 15 MiB is left to whoever wants the bytes."""

    type: ClassVar[str] = "input_audio_buffer.append"

    event_id: str | None = None
    audio: str

    def pcm(self) -> bytes:
        """The audio's bytes; raises MalformedEvent where it is not base64."""
        try:
            return base64.b64decode(self.audio, validate=True)
        except (binascii.Error, ValueError) as error:  # ValueError: a character beyond ASCII
            raise MalformedEvent("The field audio is not base64.", param="audio", event_id=self.event_id) from error


@dataclass(frozen=True, kw_only=True)
class Commit:
    type: ClassVar[str] = "input_audio_buffer.commit"

    event_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finish:
    type: ClassVar[str] = "session.finish"

    event_id: str | None = None


# What the vendor's SDK can send beside these (clearing the buffer, response.*, conversation.item.*) is of no use to
# speech recognition: it decodes to an UnknownEvent, which a server answers with an error.
ClientEvent = SessionUpdate | Append | Commit | Finish | UnknownEvent


def append_audio(audio: bytes, event_id: str | None = None) -> Append:
    """The event that carries these bytes of PCM."""
    return Append(event_id=event_id, audio=Base64(base64.b64encode(audio), "ascii"))
