"""Four clients that send the same audio as the same events: ours, two bare ones, and one whose bytes are ready-made."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Protocol
from urllib.parse import urlencode

import websocket
from websockets.sync.client import connect

from realtime.client.options import SessionOptions
from realtime.client.session import FRAME_BYTES, Session

MODEL = "scripted"
UPDATE = json.dumps({"type": "session.update", "session": {"modalities": ["text"], "turn_detection": None}})
COMMIT = json.dumps({"type": "input_audio_buffer.commit"})
UPDATED = "session.updated"
COMPLETED = "conversation.item.input_audio_transcription.completed"


class Talker(Protocol):
    """One open session; ``say`` sends a segment, commits it and returns its answer."""

    def say(self, pcm: bytes) -> str: ...

    def close(self) -> None: ...


class Longhand:
    def __init__(self, url: str) -> None:
        self._session = Session.open(SessionOptions(url=url, model=MODEL))

    def say(self, pcm: bytes) -> str:
        return self._session.transcribe(pcm).text

    def close(self) -> None:
        self._session.finish()


class WebsocketClient:
    """websocket-client as its documentation shows it, in one thread: all is sent, then what comes is read."""

    def __init__(self, url: str) -> None:
        self._socket = websocket.create_connection(_address(url))
        self._socket.send(UPDATE)
        self._read_until(UPDATED)

    def say(self, pcm: bytes) -> str:
        for message in _appends(pcm):
            self._socket.send(message)
        self._socket.send(COMMIT)
        return str(self._read_until(COMPLETED)["transcript"])

    def close(self) -> None:
        self._socket.close()

    def _read_until(self, kind: str) -> dict[str, object]:
        while (event := json.loads(self._socket.recv()))["type"] != kind:
            pass
        return dict(event)


class Websockets:
    """The same with websockets' threaded client."""

    def __init__(self, url: str) -> None:
        self._socket = connect(_address(url), compression=None)
        self._socket.send(UPDATE)
        self._read_until(UPDATED)

    def say(self, pcm: bytes) -> str:
        for message in _appends(pcm):
            self._socket.send(message)
        self._socket.send(COMMIT)
        return str(self._read_until(COMPLETED)["transcript"])

    def close(self) -> None:
        self._socket.close()

    def _read_until(self, kind: str) -> dict[str, object]:
        while (event := json.loads(self._socket.recv()))["type"] != kind:
            pass
        return dict(event)


class ReadyMade(WebsocketClient):
    """websocket-client with the messages of the first segment for all: what the sockets and the server allow."""

    _messages: tuple[str, ...] = ()

    def say(self, pcm: bytes) -> str:
        self._messages = self._messages or tuple(_appends(pcm))
        for message in self._messages:
            self._socket.send(message)
        self._socket.send(COMMIT)
        return str(self._read_until(COMPLETED)["transcript"])


WAYS: dict[str, Callable[[str], Talker]] = {
    "longhand": Longhand,
    "websocket-client": WebsocketClient,
    "websockets": Websockets,
    "ready-made bytes": ReadyMade,
}


def _appends(pcm: bytes) -> Iterator[str]:
    for start in range(0, len(pcm), FRAME_BYTES):
        audio = b64encode(pcm[start : start + FRAME_BYTES]).decode()
        yield json.dumps({"type": "input_audio_buffer.append", "audio": audio})


def _address(url: str) -> str:
    return f"{url}?{urlencode({'model': MODEL})}"
