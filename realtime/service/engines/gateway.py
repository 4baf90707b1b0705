"""What the gateways to HTTP recognisers share: pace, patience, repeated requests, and languages as they name them."""

import asyncio
import random
import re
import struct
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import httpx

from realtime.hosts import open_host
from realtime.protocol.engine import (
    Answer,
    EngineMisconfigured,
    Hypothesis,
    KeyExposed,
    Listener,
    Segment,
    SegmentFailed,
)
from realtime.service.config import GatewayConfig
from realtime.service.engines.gateway_refusals import GatewayRefusal, read_refusal

# What Qwen3-ASR knows, by its own names.
_CODES = {
    "arabic": "ar", "cantonese": "yue", "chinese": "zh", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en",
    "filipino": "fil", "finnish": "fi", "french": "fr", "german": "de", "greek": "el", "hindi": "hi", "hungarian": "hu",
    "icelandic": "is", "indonesian": "id", "italian": "it", "japanese": "ja", "korean": "ko", "macedonian": "mk",
    "malay": "ms", "norwegian": "no", "persian": "fa", "polish": "pl", "portuguese": "pt", "romanian": "ro",
    "russian": "ru", "spanish": "es", "swedish": "sv", "thai": "th", "turkish": "tr", "ukrainian": "uk",
    "vietnamese": "vi",
}  # fmt: skip
_CODE = re.compile(r"[a-z]{2,3}")
_NAME = re.compile(r"[A-Za-z]+")
# Its own output, which some versions of vLLM hand on as it is: "language English<asr_text>Hello." There can be several
# languages, "None" for silence, and in long audio a tag for each part.
_TAG = re.compile(r"(?:language (?P<languages>(?:(?!language )[^<])*))?<asr_text>")


def code_of(language: str) -> str | None:
    """The code of a language that is named, or said as its code; None where it is not known."""
    if _CODE.fullmatch(language):
        return language
    name = _NAME.match(language.strip())
    return _CODES.get(name[0].lower()) if name else None


def untagged(text: str) -> tuple[str, str | None]:
    """The text without tags, and the language of the first of them: the first one, where it names several."""
    first = _TAG.search(text)
    return _TAG.sub("", text).strip(), code_of(first["languages"] or "") if first else None


WINDOW_S = 60.0


class RequestPace:
    """Counts requests over the last minute. ``clock`` gives monotonic seconds."""

    def __init__(self, per_minute: float, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._taken: deque[float] = deque()

    def take(self) -> float:
        """Reserve the next request; how many seconds it has to wait for its turn."""
        now = self._clock()
        while self._taken and self._taken[0] <= now - WINDOW_S:
            self._taken.popleft()
        ahead = len(self._taken) - int(max(1, self._per_minute))
        turn = max(now, self._taken[ahead] + WINDOW_S) if ahead >= 0 else now
        self._taken.append(turn)
        return turn - now


_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 20.0
_NOTHING_HEARD = GatewayRefusal("RequestTimeOut", "The recogniser did not answer in time.", temporary=True)


class Gateway(ABC):
    """Sends each committed segment to an HTTP recogniser as a WAV file."""

    def __init__(self, config: GatewayConfig) -> None:
        self.config = config
        self._pace = RequestPace(config.requests_per_minute, monotonic)
        self._at_once = asyncio.Semaphore(config.requests_at_once)
        # The environment's proxies are not ours: a setting would have to name one.
        self._http = httpx.AsyncClient(timeout=config.timeout_s, trust_env=False)

    @property
    @abstractmethod
    def url(self) -> str:
        """Where requests go; empty where it was not configured."""

    @property
    @abstractmethod
    def model(self) -> str:
        """The model's name, in requests and in sessions."""

    @abstractmethod
    def form(self, segment: Segment) -> dict[str, Any]:
        """The request, as arguments of httpx."""

    @abstractmethod
    def read(self, body: dict[str, Any], segment: Segment) -> Answer:
        """The answer in a response's JSON; raises KeyError, TypeError, IndexError or ValueError where it holds none."""

    @property
    def languages(self) -> frozenset[str] | None:
        """Whatever the recogniser takes: it says so itself."""
        return None

    async def start(self) -> None:
        """Look at the settings; nothing is sent. Raises EngineMisconfigured."""
        if not self.url.startswith(("http://", "https://")):
            raise EngineMisconfigured("The gateway needs the http:// or https:// URL of its recogniser.")
        host = open_host(self.url)
        if host and self.config.key and not self.config.plaintext_key:
            raise KeyExposed(f"The gateway's key would be sent to {host} without TLS.")

    async def recognise(self, segment: Segment, preview: Callable[[Hypothesis], None]) -> Answer:  # noqa: ARG002  # the port's
        """The recogniser's answer. What is temporary is tried again for as long as the configured patience."""
        heard = [_NOTHING_HEARD]
        try:
            async with asyncio.timeout(self.config.patience_s):
                return await self._insist(segment, heard)
        except TimeoutError:
            raise self._failed(heard[-1]) from None  # the last refusal says more than that time is up

    def listen(self) -> Listener | None:
        """An HTTP recogniser hears only what is whole."""
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def language(self, segment: Segment) -> str | None:
        """What the session asked for, or the configured default."""
        return segment.language or self.config.language

    async def _insist(self, segment: Segment, heard: list[GatewayRefusal]) -> Answer:
        """Ask until there is an answer; ``heard`` takes the refusals on the way. Raises SegmentFailed."""
        ends_at = monotonic() + self.config.patience_s
        for wait_s in _waits_s():
            answer, retry_after_s = await self._ask(segment)
            if isinstance(answer, Answer):
                return answer
            heard.append(answer)
            pause_s = retry_after_s or wait_s
            if not answer.temporary or monotonic() + pause_s > ends_at:
                break
            await asyncio.sleep(pause_s)
        raise self._failed(heard[-1])

    def _failed(self, refused: GatewayRefusal) -> SegmentFailed:
        return SegmentFailed(self._without_key(refused.message), code=refused.code)

    async def _ask(self, segment: Segment) -> tuple[Answer | GatewayRefusal, float | None]:
        """The answer or the refusal, and how long the recogniser asks to wait."""
        async with self._at_once:
            await asyncio.sleep(self._pace.take())
            try:
                response = await self._http.post(self.url, headers=self._headers(), **self.form(segment))
            except httpx.TimeoutException:
                return _NOTHING_HEARD, None
            except httpx.TransportError:
                return GatewayRefusal("InternalError", "The recogniser cannot be reached.", temporary=True), None
        if response.status_code != httpx.codes.OK:
            return read_refusal(response.status_code, response.content), _retry_after_s(response)
        return self._answer(response, segment), None

    def _answer(self, response: httpx.Response, segment: Segment) -> Answer | GatewayRefusal:
        try:
            return self.read(response.json(), segment)
        except (KeyError, TypeError, IndexError, ValueError, AttributeError, RecursionError):
            return GatewayRefusal("InternalError", "The recogniser's answer could not be read.", temporary=False)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.config.key}"} if self.config.key else {}

    def _without_key(self, text: str) -> str:
        return text.replace(self.config.key, "***") if self.config.key else text


def _waits_s() -> Iterator[float]:
    """Seconds between requests: doubling, with jitter."""
    wait_s = _FIRST_WAIT_S
    while True:
        yield wait_s * random.uniform(0.5, 1.5)  # noqa: S311  # jitter
        wait_s = min(wait_s * 2, _LONGEST_WAIT_S)


def wav(pcm: bytes) -> bytes:
    """16 kHz s16le mono as a WAV file."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 16_000, 32_000, 2, 16)
    data = struct.pack("<4sI", b"data", len(pcm)) + pcm
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data), b"WAVE") + form + data


def _retry_after_s(response: httpx.Response) -> float | None:
    """Seconds; the form with a date is not used by these services."""
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None
