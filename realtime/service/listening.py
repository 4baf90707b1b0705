"""Draft words while somebody is still speaking, in VAD mode."""

import asyncio
from collections.abc import Callable

from realtime.protocol.engine import Engine, Listener, Preview


class Listening:
    """Hands the audio of a session's open item to the engine, one item at a time, and its words to ``show``."""

    def __init__(self, engine: Engine, show: Callable[[str, Preview], None]) -> None:
        self._engine = engine
        self._show = show
        self._heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._item_id: str | None = None  # that is being spoken
        self._listener: Listener | None = None

    def hear(self, item_id: str, pcm: bytes) -> None:
        """More audio of an item that is being spoken."""
        if item_id != self._item_id:
            self.stop()
            self._item_id, self._listener = item_id, self._engine.listen()
        if self._listener:
            self._heard.put_nowait((item_id, pcm))

    def stop(self) -> None:
        """The item was committed: its words come from whoever recognises the whole of it."""
        if self._listener:
            self._listener.close()
        self._item_id = self._listener = None

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                item_id, pcm = await self._heard.get()
                if self._listener and item_id == self._item_id:
                    await self._ask(self._listener, item_id, pcm)
        finally:
            self.stop()

    async def _ask(self, listener: Listener, item_id: str, pcm: bytes) -> None:
        preview = await listener.hear(pcm)
        if preview is not None and listener is self._listener:
            self._show(item_id, preview)
