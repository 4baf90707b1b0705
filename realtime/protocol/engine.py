"""What the local service asks of an engine: a model's name, its languages, and the text of a committed segment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

NEUTRAL = "neutral"


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One committed item. ``pcm`` is 16 kHz s16le mono, ``language`` None for whatever the engine finds."""

    item_id: str
    pcm: bytes
    language: str | None = None
    context: str = ""

    @property
    def duration_ms(self) -> int:
        """How much audio this is."""
        return len(self.pcm) // 32


@dataclass(frozen=True)
class Hypothesis:
    """What is understood on the way: ``text`` is confirmed, ``stash`` may still change."""

    text: str
    stash: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was said. ``emotion`` is a word of the protocol; engines that hear none say neutral."""

    text: str
    language: str | None = None
    emotion: str = NEUTRAL


class SegmentFailed(Exception):
    """The engine has no answer to this segment; the session goes on. ``code`` is one of the protocol's."""

    def __init__(self, message: str, *, code: str = "InternalError") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class EngineUnavailable(Exception):
    """The engine cannot work on this machine, or not with these settings; the sentence says what to do."""


class EngineMisconfigured(EngineUnavailable):
    """Not with these settings, on any machine."""


class KeyExposed(EngineMisconfigured):
    """Its key would be sent for others to read."""


class Listener(Protocol):
    """Hears the audio of one item while it is still coming in."""

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        """The hypothesis after these next bytes; None where there is nothing new to say."""

    def close(self) -> None:
        """The item was committed or dropped; no more audio comes."""


class Engine(Protocol):
    """A recogniser. One instance serves every session of a service."""

    @property
    def model(self) -> str:
        """The name that sessions announce."""

    @property
    def languages(self) -> frozenset[str] | None:
        """Codes that a session may ask for; None: any."""

    async def start(self) -> None:
        """Get ready; raises where the engine cannot work here."""

    async def recognise(self, segment: Segment, preview: Callable[[Hypothesis], None]) -> Answer:
        """The segment's text, with hypotheses on the way; raises SegmentFailed. Cancelling it ends the work."""

    def listen(self) -> Listener | None:
        """Somebody to hear an item as it comes in, or None where nobody is free or the engine cannot."""

    async def close(self) -> None:
        """Let go of processes and connections."""
