"""One session of the local service: moves bytes between a socket, a ServerConversation and an engine.

Beside it: draft words while somebody still speaks, and the service's record of what it received and answered.
"""

import asyncio
import hashlib
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from realtime.protocol.conversation.server_items import Accepted, ItemAudio, Output, Recognise, Send, SessionEnded
from realtime.protocol.conversation.server_side import ServerConversation
from realtime.protocol.engine import Engine, Hypothesis, Listener, Segment, SegmentFailed
from realtime.protocol.events import Completed, ErrorEvent, Failed, ServerEvent, encode
from realtime.service.config import RecognizerConfig
from realtime.service.faults import CommitFault, Faults


class RecognizerLog:
    """One line an event, written at once. Without a path nothing is computed and nothing written."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1) if path else None

    def write(self, event: str, pcm: bytes | None = None, **fields: object) -> None:
        """``pcm`` becomes its length and its SHA-256; ``at_s`` is seconds since the epoch."""
        if self._file is None:
            return
        audio = {} if pcm is None else {"bytes": len(pcm), "sha256": hashlib.sha256(pcm).hexdigest()}
        self._file.write(json.dumps({"event": event, "at_s": round(time.time(), 3), **fields, **audio}) + "\n")

    def close(self) -> None:
        """No more is written."""
        if self._file is not None:
            self._file.close()
            self._file = None


class Listening:
    """Hands the audio of a session's open item to the engine, one item at a time, and its words to ``show``."""

    def __init__(self, engine: Engine, show: Callable[[str, Hypothesis], None]) -> None:
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


# How long a client that was told session.finished has to close.
LINGER_S = 10.0
# Events that a client has not read yet, beyond which its frames are not read either.
OUTBOX_EVENTS = 256


@dataclass(frozen=True)
class Service:
    """What the sessions of one service share."""

    config: RecognizerConfig
    engine: Engine
    faults: Faults
    log: RecognizerLog


class LocalSession:
    """Drives one connection until it ends. Five loops: read, listen, recognise, write,
    and say something while it is quiet.
    """

    def __init__(self, connection: ServerConnection, conversation: ServerConversation, service: Service) -> None:
        self._connection = connection
        self._conversation = conversation
        self._service = service
        self._listening = Listening(service.engine, self._preview)
        self._segments: asyncio.Queue[Segment] = asyncio.Queue()
        self._queued_bytes = 0
        self._outbox: deque[ServerEvent | None] = deque()  # None: the session has ended
        self._to_write = asyncio.Event()
        self._room = asyncio.Event()
        self._stalled = False
        self._over = False
        self._received_bytes = 0
        self._last_frame_s = self._last_sent_s = monotonic()

    async def run(self) -> None:
        """Serve until the client is gone or everything was said."""
        self._perform(self._conversation.open())
        work = (self._read(), self._listening.run(), self._recognise(), self._write(), self._keep_alive())
        loops = [asyncio.create_task(loop) for loop in work]
        try:
            await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for loop in loops:
                loop.cancel()
            ends = await asyncio.gather(*loops, return_exceptions=True)
            self._log("end", pending=self._conversation.pending, close_code=self._connection.close_code)
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, ConnectionClosed):
                raise end

    def end(self, *, code: str, message: str) -> None:
        """The service ends the session, and says why."""
        self._perform(self._conversation.refuse(code=code, message=message))

    async def _read(self) -> None:
        while not self._over:
            self._look_for_room()
            await self._room.wait()
            frame = await self._connection.recv()
            self._last_frame_s = monotonic()
            self._perform(self._conversation.receive(frame))
        while True:  # what a client says after the end is not heard, but its close is
            await self._connection.recv()

    async def _recognise(self) -> None:
        while True:
            segment = await self._segments.get()
            fault = self._service.faults.at_commit()
            self._perform(self._suffer(segment, fault) if fault else await self._answer(segment))
            self._queued_bytes -= len(segment.pcm)
            self._look_for_room()

    async def _answer(self, segment: Segment) -> list[Output]:
        try:
            answer = await self._service.engine.recognise(segment, partial(self._preview, segment.item_id))
        except SegmentFailed as error:
            return self._conversation.failed(segment.item_id, code=error.code, message=error.message)
        return self._conversation.answered(segment.item_id, answer)

    def _preview(self, item_id: str, preview: Hypothesis) -> None:
        if not self._outbox:  # each replaces the one before: who is behind misses none
            self._perform(self._conversation.previewed(item_id, preview))

    def _suffer(self, segment: Segment, fault: CommitFault) -> list[Output]:
        self._log("fault", item=segment.item_id, kind=fault.kind, code=fault.code)
        match fault.kind:
            case "fail":
                return self._conversation.failed(segment.item_id, code=fault.code, message="A fault, as asked for.")
            case "error":
                return self._conversation.refuse(code=fault.code, message="A fault, as asked for.")
            case "reset":
                self._connection.transport.abort()
            case "stall":
                self._stalled = True
        return []

    async def _write(self) -> None:
        while True:
            await self._to_write.wait()
            self._to_write.clear()
            while self._outbox and not self._stalled:
                event = self._outbox.popleft()
                if event is None:
                    return await self._linger()
                await self._deliver(event)
            self._look_for_room()

    async def _deliver(self, event: ServerEvent) -> None:
        """A client that reads nothing for as long as it may be idle is let go: it would hold its session for ever."""
        try:
            async with asyncio.timeout(self._service.config.idle_s):
                await self._connection.send(encode(event))
        except TimeoutError:
            self._connection.transport.abort()
        self._last_sent_s = monotonic()

    async def _linger(self) -> None:
        """The client closes; one that does not is closed."""
        try:
            async with asyncio.timeout(LINGER_S):
                await self._connection.wait_closed()
        except TimeoutError:
            await self._connection.close()

    async def _keep_alive(self) -> None:
        config = self._service.config
        while True:
            await asyncio.sleep(min(config.heartbeat_s, config.idle_s) / 4)
            now = monotonic()
            if self._conversation.pending:
                self._last_frame_s = now  # a client that waits is not idle
                if not self._outbox and now - self._last_sent_s >= config.heartbeat_s * 3 / 4:
                    self._perform(self._conversation.heartbeat())
            elif not self._over and now - self._last_frame_s >= config.idle_s:
                self.end(code="idle_timeout", message="Nothing was sent for too long.")

    def _perform(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send(event):
                    self._send(event)
                case ItemAudio(item_id, pcm):
                    self._listening.hear(item_id, pcm)
                case Recognise(segment):
                    self._listening.stop()
                    self._enqueue(segment)
                case Accepted(item_id, pcm):
                    self._note(item_id, pcm)
                case SessionEnded():
                    self._over = True
                    self._outbox.append(None)
        self._to_write.set()

    def _send(self, event: ServerEvent) -> None:
        self._outbox.append(event)
        if isinstance(event, Completed):
            self._log("completed", item=event.item_id, text=event.transcript)
        elif isinstance(event, Failed):
            self._log("failed", item=event.item_id, code=event.error.code)
        elif isinstance(event, ErrorEvent):
            self._log("error", code=event.error.code, message=event.error.message)

    def _enqueue(self, segment: Segment) -> None:
        self._log("commit", segment.pcm, item=segment.item_id)
        self._queued_bytes += len(segment.pcm)
        self._segments.put_nowait(segment)

    def _note(self, item_id: str | None, pcm: bytes) -> None:
        self._log("append", pcm, item=item_id, from_byte=self._received_bytes)
        self._received_bytes += len(pcm)

    def _look_for_room(self) -> None:
        roomy = self._queued_bytes <= self._service.config.buffer_bytes and len(self._outbox) <= OUTBOX_EVENTS
        if roomy or self._over:
            self._room.set()
        else:
            self._room.clear()

    def _log(self, event: str, pcm: bytes | None = None, **fields: object) -> None:
        self._service.log.write(event, pcm, session=self._conversation.session_id, **fields)
