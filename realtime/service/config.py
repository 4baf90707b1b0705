"""What a local service is told: seconds end in ``_s``, bytes in ``_bytes``."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from realtime.hosts import is_loopback

EngineName = Literal["pocketsphinx", "scripted", "openai", "qwen-http"]
PATH = "/api-ws/v1/realtime"
# What a gateway asks for unless it is told otherwise.
OPENAI_MODEL = "whisper-1"
QWEN_HTTP_MODEL = "qwen3-asr-flash"


class RecognizerMisconfigured(ValueError):
    """The service cannot start like this; the sentence says what to do."""


@dataclass(frozen=True, kw_only=True)
class GatewayConfig:
    """The HTTP recogniser behind the engines ``openai`` and ``qwen-http``."""

    # openai: the base that ends in /v1; qwen-http: the host. Empty: Qwen's international one, none for openai.
    url: str = ""
    key: str = field(default="", repr=False)
    plaintext_key: bool = False  # whether the key may go to another host without TLS
    model: str = ""  # empty: qwen3-asr-flash, whisper-1
    language: str | None = None  # where a session asks for none; None: the recogniser finds it
    inverse_text_normalisation: bool = False  # qwen-http: "twenty" becomes "20"; Chinese and English only
    requests_per_minute: float = 100.0  # Qwen's documented default for an account
    requests_at_once: int = 16
    timeout_s: float = 60.0  # for one request
    patience_s: float = 120.0  # for one segment, waits and repeated requests included


@dataclass(frozen=True, kw_only=True)
class RecognizerConfig:
    """``keys`` are the API keys that it accepts; with none, anybody on this machine is welcome."""

    host: str = "127.0.0.1"
    port: int = 8765  # 0: any free one
    engine: EngineName = "pocketsphinx"
    keys: frozenset[str] = field(default=frozenset(), repr=False)
    # Names by which it may be asked beside loopback's and ``host``, each perhaps with a port.
    hosts: tuple[str, ...] = ()

    processes: int = field(default_factory=lambda: os.cpu_count() or 1)  # of the pocketsphinx engine

    gateway: GatewayConfig = field(default_factory=GatewayConfig)

    model: str = "scripted"  # the scripted engine's; another one hears some words otherwise
    latency_ms: float = 0.0  # the scripted engine's delay of each answer
    speed: float = 0.0  # the scripted engine's multiple of real time; 0: at once
    fault: str = ""  # see realtime/service/faults.py
    fault_seed: int = 0
    log: Path | None = None  # JSON lines of what was received and answered

    max_sessions: int = 256  # open at once
    sessions_per_s: float = 50.0  # new ones
    idle_s: float = 300.0  # without a frame, and without an item at work
    heartbeat_s: float = 4.0  # a client of this protocol gives up after 10 s without a frame behind a commit
    buffer_bytes: int = 16 * 1024**2  # committed audio of a session that waits; beyond it, no more is read

    def __post_init__(self) -> None:
        if not self.keys and not is_loopback(self.host):
            raise RecognizerMisconfigured(f"To listen on {self.host}, set keys: off loopback anybody could come.")
