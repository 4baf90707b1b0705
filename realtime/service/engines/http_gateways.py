"""Gateways to recognisers over plain HTTP, so that they serve the real-time protocol.

Any OpenAI-compatible ``/v1/audio/transcriptions``: vLLM with the open Qwen3-ASR weights, speaches, whisper.cpp,
on a GPU at home. And Qwen's synchronous recognition, which costs less than the real-time model; documented: ``POST
{base}/compatible-mode/v1/chat/completions`` with the audio as a data URL; up to 5 minutes and 10 MB.
"""

import base64
from typing import Any

from realtime.protocol.engine import NEUTRAL, Answer, Segment
from realtime.service.config import OPENAI_MODEL, QWEN_HTTP_MODEL
from realtime.service.engines.gateway import Gateway, code_of, untagged, wav

_OPENAI_PATH = "/audio/transcriptions"
_QWEN_BASE = "https://dashscope-intl.aliyuncs.com"
_QWEN_PATH = "/compatible-mode/v1/chat/completions"
_ITN_LANGUAGES = frozenset({"zh", "en"})  # the documented ones; where none is asked for, the service looks itself


class OpenAIGateway(Gateway):
    """Multipart with a WAV file; the session's context goes into ``prompt``."""

    @property
    def url(self) -> str:
        """The configured base with the route; a URL that has the route already is taken as it is."""
        base = self.config.url.rstrip("/")
        return base if not base or base.endswith(_OPENAI_PATH) else base + _OPENAI_PATH

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


class QwenGateway(Gateway):
    """Chat completions with ``input_audio``; the session's context is the system message."""

    @property
    def url(self) -> str:
        """The configured host, or Qwen's international one, with the route."""
        base = (self.config.url or _QWEN_BASE).rstrip("/")
        return base if base.endswith("/chat/completions") else base + _QWEN_PATH

    @property
    def model(self) -> str:
        """The configured name."""
        return self.config.model or QWEN_HTTP_MODEL

    def form(self, segment: Segment) -> dict[str, Any]:
        """The documented body. The language is said only when it is known."""
        language = self.language(segment)
        spells_numbers = language is None or language.partition("-")[0] in _ITN_LANGUAGES
        options = {"enable_itn": self.config.inverse_text_normalisation and spells_numbers}
        return {
            "json": {
                "model": self.model,
                "messages": self._messages(segment),
                "stream": False,
                "asr_options": {**({"language": language} if language else {}), **options},
            }
        }

    def read(self, body: dict[str, Any], segment: Segment) -> Answer:
        """Text, language and emotion. Content can be missing for silence."""
        message = body["choices"][0]["message"]
        notes: list[dict[str, Any]] = message.get("annotations") or []
        heard = next((note for note in notes if note.get("type") == "audio_info"), {})
        return Answer(
            text=(message.get("content") or "").strip(),
            language=heard.get("language") or self.language(segment),
            emotion=heard.get("emotion") or NEUTRAL,
        )

    def _messages(self, segment: Segment) -> list[dict[str, Any]]:
        data = "data:audio/wav;base64," + base64.b64encode(wav(segment.pcm)).decode("ascii")
        user = {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": data}}]}
        system = {"role": "system", "content": segment.context}
        return [system, user] if segment.context else [user]
