"""The local service under clients that mean no good, or know no better: it goes on serving the others."""

import asyncio
import json
import os
import random
import socket
from collections import Counter
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from realtime.protocol.events import Commit, append_audio, encode
from realtime.service.engines.scripted_engine import words_of
from tests.fixtures.pcm import tone
from tests.fixtures.random_frames import fuzz_frame
from tests.fixtures.recognizer import RunningRecognizer
from tests.fixtures.recognizer_client import DEADLINE_S, RawClient, manual_client, raw_client
from tests.fixtures.recognizer_process import recognizer_process

FRAMES = int(os.environ.get("LONGHAND_TEST_FUZZ_FRAMES", "1000"))  # `make soak` sends 10,000
CHECK_EACH = 200
MIB = 2**20
# What there must be for each frame of the fuzz at least: else it reaches nothing behind the parser.
RECOGNISED = 0.02
REACHED = {
    "input_audio_buffer.speech_started": 0.01,
    "session.updated": 0.01,
    "session.finished": 0.005,
    "error": 0.1,
}


def test_a_thousand_random_frames_disturb_nobody(
    recognizer: RunningRecognizer, caplog: pytest.LogCaptureFixture
) -> None:
    dice = random.Random(20)
    with manual_client(recognizer.url) as well_behaved, closing(Fuzzer(recognizer.url)) as fuzzer:
        for number in range(FRAMES):
            fuzzer.send(fuzz_frame(dice))
            if number % CHECK_EACH == 0:
                pcm = tone(500 + number)
                assert well_behaved.transcribe(pcm) == " ".join(words_of(pcm))
        assert well_behaved.finish()[-1]["type"] == "session.finished"
    assert caplog.records == []
    assert fuzzer.recognised >= FRAMES * RECOGNISED
    for kind, share in REACHED.items():
        assert fuzzer.heard[kind] >= FRAMES * share, kind


class Fuzzer:
    """Sends frames and reads what comes; connects again where a session ended, as after a random session.finish."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open = ExitStack()
        self._client = self._connect()
        self.heard: Counter[str] = Counter()
        self.recognised = 0  # answers with words in them

    def send(self, frame: str | bytes) -> None:
        try:
            self._client.socket.send(frame)
            said = [(str(event["type"]), bool(event.get("transcript"))) for event in self._client.until_quiet(0)]
            self.heard.update(kind for kind, _ in said)
            self.recognised += sum(has_words for _, has_words in said)
            ended = any(kind == "session.finished" for kind, _ in said)
        except ConnectionClosed:
            ended = True
        if ended:
            self.close()
            self._client = self._connect()

    def close(self) -> None:
        self._open.close()

    def _connect(self) -> RawClient:
        return self._open.enter_context(raw_client(self._url))


@pytest.mark.parametrize("greeting", [b"", b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\n", b"\r\n" * 5_000])
def test_what_is_no_handshake_disturbs_nobody(recognizer: RunningRecognizer, greeting: bytes) -> None:
    with socket.create_connection(("127.0.0.1", recognizer.port)) as stranger:
        stranger.sendall(greeting)
        with manual_client(recognizer.url) as client:
            assert client.transcribe(tone(500)) == " ".join(words_of(tone(500)))


def test_a_frame_beyond_the_limit_ends_its_session_only(recognizer: RunningRecognizer) -> None:
    with manual_client(recognizer.url) as well_behaved, raw_client(recognizer.url) as client:
        client.socket.send("x" * 17 * MIB)
        with pytest.raises(ConnectionClosed) as closed:
            client.until("never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        assert well_behaved.transcribe(tone(500)) == " ".join(words_of(tone(500)))


def test_a_client_that_floods_with_audio_is_made_to_wait() -> None:
    """Each segment takes an hour here: all that comes is buffered, and the buffer is small."""
    frame = encode(append_audio(tone(1_000)))
    options = {"latency_ms": 3_600_000, "buffer_bytes": MIB}
    with recognizer_process(**options) as (url, process):
        before = process.memory_info().rss
        sent = asyncio.run(flood(url, [frame, encode(Commit())]))
        grown = process.memory_info().rss - before

        assert sent < 32 * MIB
        assert grown < 48 * MIB
        _still_serves(url)


def test_a_client_that_reads_nothing_is_made_to_wait_and_then_let_go() -> None:
    """Each frame is answered with an error, which nobody reads: it would hold its session for ever."""
    frame = json.dumps({"type": "x" * 60, "event_id": "x" * 256})
    with recognizer_process(idle_s=1.0, max_sessions=1) as (url, process):
        before = process.memory_info().rss
        with pytest.raises(ConnectionClosed):
            asyncio.run(flood(url, [frame], give_up_s=DEADLINE_S, at_most=64 * MIB))

        assert process.memory_info().rss - before < 48 * MIB
        _still_serves(url)


def test_audio_that_is_never_committed_does_not_pile_up() -> None:
    """Beyond the longest commit it is counted and not kept."""
    with recognizer_process() as (url, process):
        with manual_client(url) as client:
            client.append(tone(60_000))
            client.socket.ping().wait(DEADLINE_S)
            before = process.memory_info().rss
            for _ in range(20):
                client.append(tone(60_000), frame_bytes=320_000)
            client.commit()
            assert client.until("error")[-1]["error"]["param"] == "audio"
        assert process.memory_info().rss - before < 48 * MIB


async def flood(url: str, frames: list[str], give_up_s: float = 2.0, at_most: int = 400 * MIB) -> int:
    """Send until the server has not read for a while; the bytes that were sent."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    narrow.connect(("127.0.0.1", urlsplit(url).port))
    async with connect(url, sock=narrow, max_queue=1, write_limit=1, close_timeout=0.1) as client:
        await client.send(json.dumps({"type": "session.update", "session": {"turn_detection": None}}))
        return await _send_until_stuck(client, frames, give_up_s, at_most)


async def _send_until_stuck(client: ClientConnection, frames: list[str], give_up_s: float, at_most: int) -> int:
    sent = 0
    try:
        while sent < at_most:
            for frame in frames:
                async with asyncio.timeout(give_up_s):
                    await client.send(frame)
                sent += len(frame)
    except TimeoutError:
        client.transport.abort()
    return sent


def _still_serves(url: str) -> None:
    with raw_client(url) as client:
        client.update(turn_detection=None)
        assert client.finish()[-1]["type"] == "session.finished"
