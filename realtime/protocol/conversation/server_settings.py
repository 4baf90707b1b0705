"""What holds in a session of the local service, and what a session.update makes of it."""

import re
from dataclasses import dataclass, field, replace
from typing import TypeVar

from realtime.protocol.events import UNSET, SessionConfig, SessionInfo, Transcription, TurnDetection, Unset
from realtime.protocol.vad import VadSettings

FORMATS = frozenset({"pcm", "pcm16"})  # "pcm16" is what the official SDK sends where it was told nothing
SAMPLE_RATES = frozenset({8_000, 16_000})
THRESHOLDS = (-1.0, 1.0)
SILENCE_MS = (200, 6_000)
PREFIX_MS = (0, 5_000)  # undocumented; the official SDK sends 300

MAX_CONTEXT_CHARS = 100_000  # undocumented; far above what a model takes in
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Rejected(Exception):
    """The client's event cannot be done; its session goes on. ``param`` is the path of the offending field."""

    def __init__(self, message: str, *, code: str = "invalid_value", param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param


@dataclass(frozen=True, kw_only=True)
class SessionSettings:
    """``vad`` None is manual mode. ``sample_rate`` in Hz is that of the audio as it comes."""

    model: str
    audio_format: str = "pcm"
    sample_rate: int = 16_000
    language: str | None = None
    context: str = ""
    vad: VadSettings | None = field(default_factory=VadSettings)

    def describe(self, session_id: str) -> SessionInfo:
        """The session as session.created and session.updated print it."""
        return SessionInfo(
            id=session_id,
            model=self.model,
            input_audio_format=self.audio_format,
            sample_rate=self.sample_rate,
            input_audio_transcription=Transcription(model=self.model, language=self.language),
            turn_detection=_turn_detection(self.vad) if self.vad else None,
        )

    def updated(self, config: SessionConfig, languages: frozenset[str] | None) -> "SessionSettings":
        """What holds after an update: all of it, or nothing and Rejected."""
        return replace(
            self._speech(config.input_audio_transcription, languages),
            audio_format=_audio_format(config.wanted_format, self.audio_format),
            sample_rate=_sample_rate(config.wanted_rate, self.sample_rate),
            vad=self._vad(config.turn_detection),
        )

    def _speech(self, requested: Transcription | Unset | None, languages: frozenset[str] | None) -> "SessionSettings":
        """Null asks for nothing any more, and so does an empty text in it; what it does not name stays."""
        if requested is UNSET:
            return self
        if requested is None:
            return replace(self, language=None, context="")
        context = requested.corpus.text if requested.corpus and requested.corpus.text is not None else self.context
        if len(context) > MAX_CONTEXT_CHARS:
            raise Rejected("The context is too long.", param="session.input_audio_transcription.corpus.text")
        language = (
            self.language if requested.language is None else self._language(requested.language or None, languages)
        )
        return replace(self, language=language, context=context)

    def _language(self, requested: str | None, languages: frozenset[str] | None) -> str | None:
        if requested and not (requested in languages if languages is not None else _LANGUAGE.fullmatch(requested)):
            spoken = ", ".join(sorted(languages)) if languages else "languages by their codes"
            raise Rejected(
                f"{self.model} recognises {spoken}, not {requested[:20]!r}.",
                param="session.input_audio_transcription.language",
            )
        return requested

    def _vad(self, requested: TurnDetection | Unset | None) -> VadSettings | None:
        if requested is UNSET:
            return self.vad
        return None if requested is None else _vad_settings(requested, self.vad or VadSettings())


def _audio_format(name: str | None, now: str) -> str:
    if name is not None and name not in FORMATS:
        raise Rejected(f"This service takes pcm (s16le mono), not {name[:20]!r}.", param="session.input_audio_format")
    return name or now


def _sample_rate(requested: int | None, now: int) -> int:
    if requested is not None and requested not in SAMPLE_RATES:
        raise Rejected(f"The sample rate is 16000 or 8000 Hz, not {requested}.", param="session.sample_rate")
    return requested or now


def _vad_settings(requested: TurnDetection, now: VadSettings) -> VadSettings:
    if requested.type != "server_vad":
        raise Rejected("The only turn detection is server_vad.", param="session.turn_detection.type")
    return VadSettings(
        threshold=_within(requested.threshold, THRESHOLDS, now.threshold, "threshold"),
        silence_duration_ms=_within(
            requested.silence_duration_ms, SILENCE_MS, now.silence_duration_ms, "silence_duration_ms"
        ),
        prefix_padding_ms=_within(requested.prefix_padding_ms, PREFIX_MS, now.prefix_padding_ms, "prefix_padding_ms"),
    )


Number = TypeVar("Number", int, float)


def _within(value: Number | None, limits: tuple[Number, Number], now: Number, name: str) -> Number:
    low, high = limits
    if value is None:
        return now
    if not low <= value <= high:
        raise Rejected(f"{name} is from {low} to {high}, not {value}.", param=f"session.turn_detection.{name}")
    return value


def _turn_detection(vad: VadSettings) -> TurnDetection:
    return TurnDetection(
        threshold=vad.threshold,
        prefix_padding_ms=vad.prefix_padding_ms,
        silence_duration_ms=vad.silence_duration_ms,
    )
