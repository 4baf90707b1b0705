"""How a session is to be opened, and how long its peer may take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from realtime.protocol.errors import KeyMalformed, RequestRejected
from realtime.protocol.events import Corpus, SessionConfig, Transcription, TurnDetection


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """All in seconds.

    ``connect_s``    from the name's look-up to the end of the handshake
    ``update_s``     until the service has taken our options
    ``send_s``       for one frame to be taken by the connection
    ``first_answer_s``  from a commit to the first event about it
    ``quiet_s``      between two events while an answer is awaited
    ``segment_s`` and ``segment_per_s``  for a whole segment: a part that is fixed, and one for each second of its audio
    ``finish_s``     between two events after session.finish
    ``lag_s``        how far behind a service may be that finds the utterances itself: so much longer it may be silent
                     after session.finish, but no longer than what it has not answered lasts
    ``close_s``      for the closing of a connection that has nothing more to say
    """

    connect_s: float = 5.0
    update_s: float = 5.0
    send_s: float = 30.0
    first_answer_s: float = 15.0
    quiet_s: float = 60.0
    segment_s: float = 60.0
    segment_per_s: float = 4.0
    finish_s: float = 20.0
    lag_s: float = 600.0
    close_s: float = 1.0

    def whole_segment_s(self, audio_s: float) -> float:
        """The longest that a segment of this length may take, from its commit to its answer."""
        return self.segment_s + self.segment_per_s * audio_s

    def segment_due(self, since: float, heard_at: float | None, audio_s: float) -> float:
        """The moment at which the oldest unanswered segment is overdue.

        ``since`` is when its turn came: its commit, or the answer to the one before it. ``heard_at`` is when the
        service last spoke of it, None where it has not.
        """
        next_sign = since + self.first_answer_s if heard_at is None else max(since, heard_at) + self.quiet_s
        return min(next_sign, since + self.whole_segment_s(audio_s))

    def finish_due(self, since: float, heard_at: float, audio_s: float, *, lags: bool = False) -> float:
        """The moment at which the end of a session is overdue that was asked for at ``since``.

        ``audio_s`` is how much was unanswered then, ``heard_at`` when the service last said anything. ``lags``: it may
        not have listened to all of that yet, and need as long as it lasts, as a service that is only just real-time.
        """
        quiet_s = self.finish_s + (min(audio_s, self.lag_s) if lags else 0.0)
        return min(max(since, heard_at) + quiet_s, since + quiet_s + self.whole_segment_s(audio_s))


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
