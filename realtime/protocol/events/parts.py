"""The objects inside events. A field's default is what holds when it is absent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from realtime.protocol.events.codec import ASIDE, NULLABLE, UNSET, Unset


@dataclass(frozen=True, kw_only=True)
class UnknownEvent:
    """``raw`` is the whole JSON object as it came."""

    type: str
    event_id: str | None = None
    raw: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class TurnDetection:
    """How the server finds where speech ends. Its values are checked by the server, not here."""

    type: str = "server_vad"
    threshold: float | None = None
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Corpus:
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Transcription:
    """``language`` is None for auto-detect; ``corpus.text`` is context that biases recognition."""

    model: str | None = None
    language: str | None = None
    corpus: Corpus | None = None


@dataclass(frozen=True, kw_only=True)
class AudioFormat:
    """``sample_rate`` in Hz."""

    type: str | None = None
    sample_rate: int | None = None


@dataclass(frozen=True, kw_only=True)
class AudioInput:
    format: AudioFormat | None = None


@dataclass(frozen=True, kw_only=True)
class Audio:
    input: AudioInput | None = None


@dataclass(frozen=True, kw_only=True)
class SessionConfig:
    """What a session.update asks for. A field that is absent leaves what holds.

    ``turn_detection``: None is manual mode, UNSET leaves what holds. ``audio`` is a newer spelling of format and rate.
    """

    modalities: tuple[str, ...] | None = None
    input_audio_format: str | None = None
    sample_rate: int | None = None
    input_audio_transcription: Transcription | Unset | None = field(default=UNSET, metadata=NULLABLE)
    turn_detection: TurnDetection | Unset | None = field(default=UNSET, metadata=NULLABLE)
    audio: Audio | None = None

    @property
    def wanted_format(self) -> str | None:
        """The audio format asked for, in either spelling."""
        return self.input_audio_format or (self._format.type if self._format else None)

    @property
    def wanted_rate(self) -> int | None:
        """The sample rate asked for in Hz, in either spelling."""
        return self.sample_rate or (self._format.sample_rate if self._format else None)

    @property
    def _format(self) -> AudioFormat | None:
        return self.audio.input.format if self.audio and self.audio.input else None


@dataclass(frozen=True, kw_only=True)
class SessionInfo:
    """A session as its server describes it. Every field can be missing: independent servers leave some out."""

    id: str | None = field(default=None, metadata=ASIDE)
    object: str = field(default="realtime.session", metadata=ASIDE)
    model: str | None = field(default=None, metadata=ASIDE)
    modalities: tuple[str, ...] = field(default=("text",), metadata=ASIDE)
    input_audio_format: str | None = field(default=None, metadata=ASIDE)
    sample_rate: int | None = field(default=None, metadata=ASIDE)
    input_audio_transcription: Transcription | None = field(default=None, metadata=NULLABLE | ASIDE)
    turn_detection: TurnDetection | None = field(default=None, metadata=NULLABLE | ASIDE)


@dataclass(frozen=True, kw_only=True)
class ErrorDetail:
    """``event_id`` is that of the client's offending event. Some gateways send a number as ``code``."""

    type: str | None = field(default=None, metadata=ASIDE)
    code: str | int | None = field(default=None, metadata=NULLABLE | ASIDE)
    message: str = field(default="", metadata=ASIDE)
    param: str | None = field(default=None, metadata=NULLABLE | ASIDE)
    event_id: str | None = field(default=None, metadata=ASIDE)


@dataclass(frozen=True, kw_only=True)
class ContentPart:
    type: str = field(default="input_audio", metadata=ASIDE)
    transcript: str | None = field(default=None, metadata=NULLABLE | ASIDE)


@dataclass(frozen=True, kw_only=True)
class Item:
    """A committed stretch of audio."""

    id: str | None = None
    object: str = field(default="realtime.item", metadata=ASIDE)
    type: str = field(default="message", metadata=ASIDE)
    status: str | None = field(default=None, metadata=ASIDE)
    role: str = field(default="user", metadata=ASIDE)
    content: tuple[ContentPart, ...] = field(default=(), metadata=ASIDE)
