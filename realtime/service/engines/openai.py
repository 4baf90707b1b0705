"""A gateway to any OpenAI-compatible ``/v1/audio/transcriptions``: vLLM with the open Qwen3-ASR weights, speaches,
whisper.cpp's server. So a GPU at home serves the real-time protocol.
"""

from typing import Any

from realtime.protocol.engine import Answer, Segment
from realtime.service.config import OPENAI_MODEL
from realtime.service.engines.gateway import Gateway, wav
from realtime.service.engines.languages import code_of, untagged

_PATH = "/audio/transcriptions"


class OpenAIGateway(Gateway):
    """Multipart with a WAV file; the session's context goes into ``prompt``."""

    @property
    def url(self) -> str:
        """The configured base with the route; a URL that has the route already is taken as it is."""
        base = self.config.url.rstrip("/")
        return base if not base or base.endswith(_PATH) else base + _PATH

    @property
    def model(self) -> str:
        """The configured name."""
        return self.config.model or OPENAI_MODEL

    def form(self, segment: Segment) -> dict[str, Any]:
        """Fields that are not known are left out: some servers refuse empty ones."""
        fields = {
            "model": self.model,
            "response_format": "json",
            "temperature": "0",
            "language": self.language(segment),
            "prompt": segment.context,
        }
        return {
            "data": {name: value for name, value in fields.items() if value},
            "files": {"file": ("segment.wav", wav(segment.pcm), "audio/wav")},
        }

    def read(self, body: dict[str, Any], segment: Segment) -> Answer:
        """``{"text"}``, with a language where the server gives one."""
        text, tagged = untagged(body["text"] or "")
        language = code_of(str(body.get("language") or "")) or tagged or self.language(segment)
        return Answer(text=text, language=language)
