"""A raw client of the protocol, written from the vendor's documented flow over the ``websockets`` library."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from websockets.sync.client import ClientConnection, connect

DEADLINE_S = 60.0
TRANSCRIPTION = "conversation.item.input_audio_transcription."

Event = dict[str, Any]


class RawClient:
    """Sends what it is told, also nonsense; receives with a deadline."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def send(self, kind: str, **fields: Any) -> None:  # noqa: ANN401  # JSON
        self.socket.send(json.dumps({"type": kind, **fields}))

    def update(self, **session: Any) -> Event:  # noqa: ANN401  # JSON
        self.send("session.update", session=session)
        return self.until("session.updated")[-1]

    def append(self, pcm: bytes, frame_bytes: int = 32_000) -> None:
        for start in range(0, len(pcm), frame_bytes):
            audio = base64.b64encode(pcm[start : start + frame_bytes]).decode()
            self.send("input_audio_buffer.append", audio=audio)

    def commit(self) -> None:
        self.send("input_audio_buffer.commit")

    def receive(self) -> Event:
        event: Event = json.loads(self.socket.recv(timeout=DEADLINE_S))
        return event

    def until(self, kind: str) -> list[Event]:
        """All events up to the first of this type."""
        events = [self.receive()]
        while events[-1]["type"] != kind:
            events.append(self.receive())
        return events

    def until_quiet(self, quiet_s: float) -> list[Event]:
        """All events up to a silence of this length."""
        events: list[Event] = []
        with suppress(TimeoutError):
            while True:
                events.append(json.loads(self.socket.recv(timeout=quiet_s)))
        return events

    def transcribe(self, pcm: bytes) -> str:
        """One commit and its answer."""
        self.append(pcm)
        self.commit()
        return str(self.until(TRANSCRIPTION + "completed")[-1]["transcript"])

    def finish(self) -> list[Event]:
        self.send("session.finish")
        return self.until("session.finished")


@contextmanager
def raw_client(url: str, **options: Any) -> Iterator[RawClient]:  # noqa: ANN401  # of websockets
    """A session in VAD mode, until it is updated."""
    with connect(f"{url}?model=any", max_size=None, **options) as socket:
        yield RawClient(socket)


@contextmanager
def manual_client(url: str, **session: Any) -> Iterator[RawClient]:  # noqa: ANN401  # JSON
    """A session in manual mode."""
    with raw_client(url) as client:
        client.update(turn_detection=None, **session)
        yield client
