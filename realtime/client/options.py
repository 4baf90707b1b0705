"""How a session is to be opened, and how long its peer may take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from realtime.client.deadlines import Deadlines
from realtime.protocol.errors import KeyMalformed, RequestRejected
from realtime.protocol.events import Corpus, SessionConfig, Transcription, TurnDetection


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """``url`` is a ws:// or wss:// address; ``model`` is added to its query.

    ``turn_detection``: None is manual mode. ``pace``: multiple of real time at which audio is sent, 0 for as fast as it
    goes. ``depth``: segments that may be unanswered at once. ``proxy``: the URL of an HTTP proxy; those of the
    environment are not used. ``ca_file``: authorities to trust instead of the system's.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    language: str | None = None
    context: str = ""
    sample_rate: int = 16000
    turn_detection: TurnDetection | None = None
    pace: float = 0.0
    depth: int = 1
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    deadlines: Deadlines = field(default_factory=Deadlines)

    @property
    def bytes_per_s(self) -> int:
        """Bytes of s16le mono audio in a second."""
        return self.sample_rate * 2

    def address(self) -> str:
        """The URL to connect to, the model in its query; raises RequestRejected where it is none of ours."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"ws", "wss"} or not parts.hostname:
            raise RequestRejected("The service's URL must begin with ws:// or wss://.")
        query = [pair for pair in parse_qsl(parts.query) if pair[0] != "model"]
        return urlunsplit(parts._replace(query=urlencode([*query, ("model", self.model)]), fragment=""))

    def request_headers(self) -> list[str]:
        """The headers of the handshake; raises KeyMalformed or RequestRejected where one would break it."""
        lines = [f"{name}: {value}" for name, value in self.headers.items()]
        if any(not line.isprintable() for line in lines):
            raise RequestRejected("A header of the service has characters that no header can have.")
        if self.key is None:
            return lines
        if not (self.key.isascii() and self.key.isprintable()):
            raise KeyMalformed("The API key has characters that no key has.")
        return [*lines, f"Authorization: Bearer {self.key}"]

    def config(self) -> SessionConfig:
        """What the session.update asks for."""
        corpus = Corpus(text=self.context) if self.context else None
        return SessionConfig(
            modalities=("text",),
            input_audio_format="pcm",
            sample_rate=self.sample_rate,
            input_audio_transcription=Transcription(language=self.language, corpus=corpus),
            turn_detection=self.turn_detection,
        )
