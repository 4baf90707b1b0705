"""The local service: Qwen's real-time protocol over a socket of this machine, answered by an engine of this package."""

import asyncio
import logging
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from time import monotonic

from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.http11 import Request, Response

from realtime.protocol.conversation.server_side import MAX_AUDIO_CHARS, ServerConversation
from realtime.protocol.engine import Engine
from realtime.service.admission import HEALTH_PATH, Admission, HandshakeHead, Refusal
from realtime.service.config import EngineName, RecognizerConfig
from realtime.service.engines.http_gateways import OpenAIGateway, QwenGateway
from realtime.service.engines.pocketsphinx_engine import PocketSphinxEngine
from realtime.service.engines.scripted_engine import ScriptedEngine
from realtime.service.faults import Absence, Faults
from realtime.service.serving import LocalSession, RecognizerLog, Service

# The largest documented append, and room for the event around it.
_MAX_FRAME_BYTES = MAX_AUDIO_CHARS + 64 * 1024
# Frames that wait before the kernel's buffer fills and the client has to wait: one can be 15 MiB.
_FRAME_QUEUE = 2

_CLOSE_TIMEOUT_S = 2.0  # for a client that does not answer a close

_socket_log = logging.getLogger("realtime.service.server.socket")
_socket_log.setLevel(logging.WARNING)
# The library prints a traceback for each port scan and each probe of liveness.
_socket_log.addFilter(lambda record: record.msg != "opening handshake failed")


def run(config: RecognizerConfig, on_ready: Callable[[int], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; ``on_ready`` is given the bound port."""
    asyncio.run(_run(config, on_ready))


async def serve(
    config: RecognizerConfig, *, stop: asyncio.Event, on_ready: Callable[[int], None] | None = None
) -> None:
    """Serve until ``stop`` is set, then tell the sessions and end the engine's processes."""
    log = RecognizerLog(config.log)
    service = Service(config, make_engine(config), Faults.parse(config.fault, config.fault_seed), log)
    try:
        await service.engine.start()
        await _Listener(service).listen(stop, on_ready)
    finally:
        await service.engine.close()
        log.close()


def make_engine(config: RecognizerConfig) -> Engine:
    """The engine that the configuration names."""
    makers: dict[EngineName, Callable[[], Engine]] = {
        "pocketsphinx": lambda: PocketSphinxEngine(config.processes),
        "scripted": lambda: ScriptedEngine(model=config.model, latency_ms=config.latency_ms, speed=config.speed),
        "openai": lambda: OpenAIGateway(config.gateway),
        "qwen-http": lambda: QwenGateway(config.gateway),
    }
    return makers[config.engine]()


async def _run(config: RecognizerConfig, on_ready: Callable[[int], None] | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(config, stop=stop, on_ready=on_ready)


class _Listener:
    """Accepts connections and keeps the open sessions."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._admission = Admission(service.config, monotonic)
        self._sessions: dict[ServerConnection, LocalSession] = {}
        self._started_s = monotonic()

    async def listen(self, stop: asyncio.Event, on_ready: Callable[[int], None] | None) -> None:
        config = self._service.config
        async with serve_websockets(
            self._handle,
            config.host,
            config.port,
            process_request=self._admit,
            compression=None,  # base64 of audio does not shrink enough to pay for it
            max_size=_MAX_FRAME_BYTES,
            max_queue=_FRAME_QUEUE,
            close_timeout=_CLOSE_TIMEOUT_S,
            ping_timeout=None,  # a pong can wait behind audio that back pressure keeps in the kernel
            logger=_socket_log,
        ) as server:
            absences = asyncio.create_task(self._go_away())
            if on_ready:
                on_ready(_port(server))
            await stop.wait()
            absences.cancel()
            self._say_goodbye()

    async def _handle(self, connection: ServerConnection) -> None:
        with self._session(connection) as session:
            await session.run()

    @contextmanager
    def _session(self, connection: ServerConnection) -> Iterator[LocalSession]:
        engine = self._service.engine
        conversation = ServerConversation(
            session_id=_new_id("sess"), model=engine.model, languages=engine.languages, new_id=_new_id
        )
        session = LocalSession(connection, conversation, self._service)
        self._sessions[connection] = session
        try:
            yield session
        finally:
            del self._sessions[connection]

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == HEALTH_PATH:
            foreign = self._admission.refuse_foreign(_head(request))
            return _response(connection, foreign) if foreign else connection.respond(HTTPStatus.OK, "ok\n")
        if self._absent:
            connection.transport.abort()
        refusal = self._refusal(request)
        status = refusal.status if refusal else HTTPStatus.SWITCHING_PROTOCOLS
        self._service.log.write("handshake", status=int(status), path=request.path)
        return _response(connection, refusal) if refusal else None

    def _refusal(self, request: Request) -> Refusal | None:
        refusal = self._admission.decide(_head(request), len(self._sessions))
        fault = self._service.faults.at_handshake() if refusal is None else None
        return Refusal(HTTPStatus(fault), "A fault, as asked for.", retry_after_s=1) if fault else refusal

    @property
    def _absent(self) -> bool:
        now_s = monotonic() - self._started_s
        return any(absence.from_s <= now_s < absence.to_s for absence in self._service.faults.absences)

    async def _go_away(self) -> None:
        """Tear down what is open when an absence begins."""
        for absence in sorted(self._service.faults.absences, key=_begin):
            await asyncio.sleep(max(0.0, self._started_s + absence.from_s - monotonic()))
            for connection in list(self._sessions):
                connection.transport.abort()

    def _say_goodbye(self) -> None:
        for session in self._sessions.values():
            session.end(code="InternalError", message="The service is shutting down.")


def _begin(absence: Absence) -> float:
    return absence.from_s


def _head(request: Request) -> HandshakeHead:
    several = request.headers.get_all
    return HandshakeHead(request.path, several("Host"), several("Origin"), several("Authorization"))


def _response(connection: ServerConnection, refusal: Refusal) -> Response:
    response = connection.respond(refusal.status, refusal.message + "\n")
    if refusal.retry_after_s is not None and refusal.status in {429, 503}:
        response.headers["Retry-After"] = str(refusal.retry_after_s)
    return response


def _port(server: Server) -> int:
    return int(next(iter(server.sockets)).getsockname()[1])


def _new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"
