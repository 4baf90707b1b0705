"""An engine for load and fault tests: its text is a function of PCM and model, and costs no processor time."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from realtime.protocol.engine import Answer, Hypothesis, Listener, Segment

MODEL = "scripted"
WORDS = (
    "amber anchor autumn basket bridge bright candle carbon castle cedar circle clover copper cotton cradle crystal "
    "desert dinner dragon eagle ember engine fabric falcon feather finger forest fossil garden ginger glacier golden "
    "hammer harbor harvest honey island ivory jacket jungle kettle ladder lantern lemon linen marble meadow mirror "
    "nickel orange orchid paper pepper pillow planet quartz rabbit ribbon river saddle salmon silver velvet window"
).split()
WORD_MS = 500  # two words a second of audio
OTHERWISE = 26  # of 256: the words that another model hears otherwise
PREVIEW_S = 0.5  # about two previews a second


def words_of(pcm: bytes, model: str = MODEL) -> list[str]:
    """The words that this engine hears: two a second, at least one, none in digital silence.

    Under another model's name it hears about one word in ten otherwise, so that models can be told apart.
    """
    if not any(pcm):
        return []
    digest = hashlib.sha256(pcm).digest()
    count = max(1, len(pcm) // 32 // WORD_MS)
    heard = [byte % len(WORDS) for byte in _stream(digest, count)]
    if model != MODEL:
        turns = _stream(hashlib.sha256(model.encode() + digest).digest(), count)
        heard = [word + (turn < OTHERWISE) for word, turn in zip(heard, turns, strict=True)]
    return [WORDS[word % len(WORDS)] for word in heard]


def _stream(digest: bytes, count: int) -> Iterator[int]:
    while count > 0:
        yield from digest[:count]
        count -= len(digest)
        digest = hashlib.sha256(digest).digest()


@dataclass(frozen=True, kw_only=True)
class ScriptedEngine:
    """Answers after ``latency_ms`` and, where ``speed`` is not 0, the segment's length divided by it."""

    latency_ms: float = 0.0
    speed: float = 0.0
    model: str = MODEL
    languages: frozenset[str] | None = None

    async def start(self) -> None:
        """Nothing to get ready."""

    async def recognise(self, segment: Segment, preview: Callable[[Hypothesis], None]) -> Answer:
        """The words of the segment, in the language that was asked for."""
        words = words_of(segment.pcm, self.model)
        await self._take_time(self._time_s(segment), words, preview)
        return Answer(text=" ".join(words), language=segment.language or "en")

    def listen(self) -> Listener | None:
        """Its text is known only when the segment is whole."""
        return None

    async def close(self) -> None:
        """Nothing to let go."""

    def _time_s(self, segment: Segment) -> float:
        recognising_ms = segment.duration_ms / self.speed if self.speed else 0.0
        return (self.latency_ms + recognising_ms) / 1000

    async def _take_time(self, time_s: float, words: list[str], preview: Callable[[Hypothesis], None]) -> None:
        steps = int(time_s / PREVIEW_S)
        for step in range(1, steps + 1):
            await asyncio.sleep(PREVIEW_S)
            heard = len(words) * step // (steps + 1)
            preview(Hypothesis(" ".join(words[: max(0, heard - 1)]), " ".join(words[max(0, heard - 1) : heard])))
        await asyncio.sleep(time_s - steps * PREVIEW_S)
