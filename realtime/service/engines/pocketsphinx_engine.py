"""The engine that runs anywhere and offline: PocketSphinx in a pool of processes."""

import importlib.util
from collections.abc import Callable

from realtime.protocol.engine import Answer, EngineUnavailable, Hypothesis, Segment, SegmentFailed
from realtime.service.engines.pool import ProcessPool
from realtime.service.engines.process import DecoderProcess, ProcessDied

MODEL = "pocketsphinx-en-us"
LANGUAGES = frozenset({"en"})
_CHILD = "realtime.service.engines.child"
# A segment takes about a third of its length; this is for a child that hangs, on the busiest of machines.
_DEADLINE_S = 60.0
_DEADLINE_PER_S = 20.0
_STEP_BYTES = 32_000  # a listener asks for a hypothesis after each second of audio
_BEHIND_BYTES = 10 * _STEP_BYTES  # one that has fallen this far behind gives up: the processes have better to do


class PocketSphinxEngine:
    """Recognises English with the model inside the ``pocketsphinx`` package."""

    def __init__(self, processes: int) -> None:
        self.pool = ProcessPool(_CHILD, processes)
        self._listened_to: set[DecoderProcess] = set()

    @property
    def model(self) -> str:
        """The engine's own name: a transcript says what made it."""
        return MODEL

    @property
    def languages(self) -> frozenset[str] | None:
        """English."""
        return LANGUAGES

    async def start(self) -> None:
        """Start the processes; raises EngineUnavailable where they cannot."""
        if importlib.util.find_spec("pocketsphinx") is None:
            raise EngineUnavailable("PocketSphinx is not installed: pip install 'longhand[embedded]'.")
        try:
            await self.pool.start()
        except ProcessDied as error:
            await self.pool.close()
            raise EngineUnavailable(f"PocketSphinx does not start: {error}") from error

    async def recognise(self, segment: Segment, preview: Callable[[Hypothesis], None]) -> Answer:
        """The segment's words, without punctuation or capitals: the model has none."""
        found = await self.pool.ask(segment.pcm, preview, deadline_s=_deadline_s(segment.pcm), op="recognise")
        return Answer(text=found.text, language="en")

    def listen(self) -> "SphinxListening | None":
        """Somebody to hear an item as it comes in: one for each process, and only while it has nothing better to do."""
        return SphinxListening(self.pool, self._listened_to)

    async def close(self) -> None:
        """End the processes."""
        await self.pool.close()


class SphinxListening:
    """Draft words of one item, from whichever process was idle when it began."""

    def __init__(self, pool: ProcessPool, taken: set[DecoderProcess]) -> None:
        self._pool = pool
        self._taken = taken
        self._child: DecoderProcess | None = None
        self._unheard = bytearray()
        self._given_up = False

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        """The words after these next bytes, about once a second of audio; None in between, and where nobody is idle."""
        self._unheard += pcm
        self._given_up = self._given_up or len(self._unheard) > _BEHIND_BYTES
        if self._given_up:
            self._unheard.clear()
        return await self._ask() if len(self._unheard) >= _STEP_BYTES else None

    def close(self) -> None:
        """The process may listen to another item."""
        self._taken.discard(self._child)
        self._child = None
        self._given_up = True

    async def _ask(self) -> Hypothesis | None:
        pcm, fresh = bytes(self._unheard), self._child is None
        try:
            found = await self._pool.ask_idle(self._is_ours, pcm, deadline_s=_deadline_s(pcm), op="hear", fresh=fresh)
        except (ProcessDied, SegmentFailed):
            self.close()
            return None
        if found is None:
            return None
        del self._unheard[: len(pcm)]
        self._child, preview = found
        self._taken.add(self._child)
        return preview

    def _is_ours(self, child: DecoderProcess) -> bool:
        return child is self._child if self._child else child not in self._taken


def _deadline_s(pcm: bytes) -> float:
    return _DEADLINE_S + _DEADLINE_PER_S * len(pcm) / 32_000
