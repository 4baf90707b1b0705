"""The recognition protocol from both sides: strangers at our service, and services that mean ill to our client."""

import base64
import json
import socket
from contextlib import ExitStack, closing, suppress

from websockets.exceptions import ConnectionClosed

from realtime.client.options import Deadlines, SessionOptions
from realtime.client.session import Session
from realtime.protocol.errors import RealtimeError
from realtime.service.config import PATH
from tests.attack.assault import Assault
from tests.attack.odd_values import ODD, TEXTS, as_json, text
from tests.fixtures.hostile import HostileServer, Peer, Script, join_readers, refuse
from tests.fixtures.pcm import tone
from tests.fixtures.random_frames import fuzz_frame
from tests.fixtures.recognizer_client import RawClient, raw_client
from tests.fixtures.recognizer_process import recognizer_process

KEY = "sk-secret-of-a-service"
QUICK = Deadlines(
    connect_s=1, update_s=0.4, send_s=0.4, first_answer_s=0.3, quiet_s=0.3, segment_s=0.8, segment_per_s=0,
    finish_s=0.3, close_s=0.1,
)  # fmt: skip
HELD_S = 15.0
HOSTS = (
    "127.0.0.1:PORT",
    "localhost:PORT",
    "evil.example",
    "evil.example:PORT",
    "",
    "127.0.0.1.evil.example",
    "10.0.0.1:PORT",
)
OWN_HOSTS = frozenset(HOSTS[:2])
ORIGINS = (
    None,
    None,
    None,
    "http://evil.example",
    "null",
    "file://",
    "http://127.0.0.1:1",
    "http://localhost.evil.example",
    "",
)
KEYS = (KEY, KEY, KEY, "wrong", "", KEY[:-1], KEY + " ", "x" * 20_000)
KINDS = (
    "session.created", "session.updated", "input_audio_buffer.committed", "session.finished", "error", "",
    "conversation.item.created", "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.text", "conversation.item.input_audio_transcription.failed",
    "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped",
)  # fmt: skip


def recogniser(assault: Assault) -> None:
    """Handshakes with other names, origins and keys; frames at random. Whoever behaves is served all the while."""
    with recognizer_process(keys=[KEY], sessions_per_s=1e6) as (url, process), ExitStack() as opened:
        port = int(url.split(":")[2].split("/")[0])
        for _ in assault.inputs(600):
            _handshake(assault, port)
        headers = {"Authorization": f"Bearer {KEY}"}
        client = _Fuzzed(url, opened, headers)
        for number in assault.inputs(3000):
            client.send(fuzz_frame(assault.dice))
            if number % 200 == 0:
                _well_behaved(assault, url, headers)
        if not process.is_running():
            assault.crashed("the service ended")
        if (held := process.memory_info().rss) > 400 * 2**20:
            assault.found("memory", held)


class _Fuzzed:
    """Sends frames, and connects again where a session ended."""

    def __init__(self, url: str, opened: ExitStack, headers: dict[str, str]) -> None:
        self._url, self._opened, self._headers = url, opened, headers
        self._client = self._connect()

    def send(self, frame: str | bytes) -> None:
        try:
            self._client.socket.send(frame)
            ended = any(event["type"] == "session.finished" for event in self._client.until_quiet(0))
        except ConnectionClosed:
            ended = True
        if ended:
            self._client.socket.close()
            self._client = self._connect()

    def _connect(self) -> RawClient:
        return self._opened.enter_context(raw_client(self._url, additional_headers=self._headers))


def _well_behaved(assault: Assault, url: str, headers: dict[str, str]) -> None:
    try:
        with assault.within("a client that behaves"), raw_client(url, additional_headers=headers) as client:
            client.update(turn_detection=None)
            if not client.transcribe(tone(300)):
                assault.found("no words for a client that behaves")
    except (OSError, ConnectionClosed) as error:
        assault.crashed(f"a client that behaves was left: {error!r}")


def _handshake(assault: Assault, port: int) -> None:
    """Whoever gets in has the key, names the service as it is, and comes from no page of others."""
    dice = assault.dice
    host, origin = dice.choice(HOSTS), dice.choice(ORIGINS)
    keys = [dice.choice(KEYS) for _ in range(dice.choice((0, 1, 1, 1, 2)))]
    path = dice.choice(
        (PATH, PATH, PATH, PATH + "/", "/", "/healthz", PATH + "?model=" + "a" * 9_000, "//" + PATH, PATH + "%00")
    )
    lines = [
        f"{dice.choice(('GET', 'GET', 'GET', 'POST', 'get'))} {path} HTTP/1.{dice.choice('110')}",
        *([f"Host: {host}"] * dice.choice((1, 1, 1, 0, 2))),
        *([f"Origin: {origin}"] if origin is not None else []),
        *(f"Authorization: Bearer {key}" for key in keys),
        "Connection: Upgrade",
        f"Upgrade: {dice.choice(('websocket', 'websocket', 'h2c'))}",
        f"Sec-WebSocket-Version: {dice.choice(('13', '13', '8', 'x'))}",
        f"Sec-WebSocket-Key: {dice.choice((base64.b64encode(bytes(16)).decode(), 'x', ''))}",
        *(f"{text(dice, 10)}: {text(dice, 30)}" for _ in range(dice.choice((0, 0, 3, 300)))),
    ]
    request = ("\r\n".join(lines) + "\r\n\r\n").replace("PORT", str(port)).encode("utf-8", "surrogatepass")
    answer = b""
    with (
        assault.within(repr(request[:300])),
        suppress(OSError),
        socket.create_connection(("127.0.0.1", port), 5) as asked,
    ):
        asked.settimeout(2)
        asked.sendall(request)
        answer = asked.recv(4096)
    let_in = answer.startswith(b"HTTP/1.1 101")
    if let_in and (host not in OWN_HOSTS or origin is not None or keys not in ([KEY], [KEY + " "])):
        assault.found("let in who should not be", request[:400])
    if answer.startswith(b"HTTP/1.1 5") and answer[9:12] not in {b"501", b"505"}:  # what it does not speak
        assault.found("5xx", f"{request[:400]!r} {answer[:200]!r}")


def hostile_service(assault: Assault) -> None:
    """Whatever a service says, our client has an answer or an error of its own within its deadlines, and its key goes
    nowhere else."""
    for _ in assault.inputs(1000):
        if assault.dice.random() < 0.15:
            _redirected(assault)
            continue
        said = [_frame(assault) for _ in range(assault.dice.randrange(1, 12))]
        with HostileServer(_script(assault.dice.randrange(4), said)) as server:
            _transcribed(assault, server.url, str(said)[:400])
    join_readers()


def _script(behaves_for: int, said: list[str | bytes]) -> Script:
    """Behaves for some steps, then says these, and goes."""

    def script(peer: Peer) -> None:
        if behaves_for > 0:
            peer.greet()
        if behaves_for > 1:
            peer.segment()
        for frame in said:
            peer.connection.send(frame)
        if behaves_for > 2:
            peer.wait(0.1)

    return script


def _frame(assault: Assault) -> str | bytes:
    dice = assault.dice
    if dice.random() < 0.15:
        return dice.randbytes(dice.randrange(100))
    if dice.random() < 0.15:
        return dice.choice(TEXTS).encode("utf-8", "replace").decode()
    event = {"type": dice.choice(KINDS), "event_id": dice.choice(ODD)}
    for name in ("item_id", "transcript", "text", "stash", "language", "session", "error", "usage", "item", "emotion"):
        if dice.random() < 0.5:
            event[name] = dice.choice(
                (*ODD, {"type": "x", "code": KEY, "message": f"{KEY} \x1b[2J", "id": "s", "model": "m"})
            )
    if dice.random() < 0.5:
        event["item_id"] = "item_1"
    return as_json(event).decode() if dice.random() < 0.9 else json.dumps(event)[: dice.randrange(60)]


def _redirected(assault: Assault) -> None:
    """The key stays with the server that it is for."""
    status = assault.dice.choice((300, 301, 302, 303, 307, 308, 401, 429, 500, 503))
    with HostileServer() as other, HostileServer(refusals=[refuse(status, "x", Location=other.url)]) as server:
        _transcribed(assault, server.url, f"{status}")
        if other.requests:
            assault.found("followed to another server", other.requests)


def _transcribed(assault: Assault, url: str, what: str) -> None:
    options = SessionOptions(url=url, model="m-1", key=KEY, deadlines=QUICK)
    try:
        with assault.within(what, HELD_S), closing(Session.open(options)) as session:
            session.transcribe(bytes(3_200))
            session.finish()
    except RealtimeError as error:
        if KEY in str(error):
            assault.found("the key is in an error", str(error)[:300])
    except Exception as error:  # noqa: BLE001  # what is no error of ours is the finding
        assault.found(f"an error without a code: {type(error).__name__}", f"{what} {error!r}")
