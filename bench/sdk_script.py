"""A script on the vendor's SDK, as its documentation shows it, as a peer: a session a file, in VAD mode.

The documentation sends 100 ms of audio and sleeps as long. ``paced=False`` leaves out the sleep.
"""

import base64
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dashscope.audio.qwen_omni import MultiModality, OmniRealtimeCallback, OmniRealtimeConversation
from dashscope.audio.qwen_omni.omni_realtime import TranscriptionParams

from worker.audio.ffmpeg import find_ffmpeg

FRAME_BYTES = 3200
FRAME_S = 0.1
COMPLETED = "conversation.item.input_audio_transcription.completed"
END_S = 600


class Texts(OmniRealtimeCallback):
    """Keeps what was recognised."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def on_event(self, message: dict[str, Any]) -> None:  # type: ignore[override]  # the SDK says str and hands over a dict
        if message["type"] == COMPLETED:
            self.texts.append(message["transcript"])


def transcribe_all(paths: Sequence[Path], url: str, *, threads: int, paced: bool) -> float:
    """Seconds that it took."""
    began = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        texts = list(pool.map(lambda path: transcribe(path, url, paced=paced), paths))
    if not all(texts):
        raise SystemExit("the script on the SDK has lost an answer")
    return time.monotonic() - began


def transcribe(path: Path, url: str, *, paced: bool) -> str:
    pcm = decode(path)
    heard = Texts()
    conversation = OmniRealtimeConversation(model="scripted", callback=heard, url=url, api_key="sk-any")
    conversation.connect()
    params = TranscriptionParams(language="en", sample_rate=16_000, input_audio_format="pcm")
    conversation.update_session(
        output_modalities=[MultiModality.TEXT], enable_turn_detection=True, transcription_params=params
    )
    for start in range(0, len(pcm), FRAME_BYTES):
        conversation.append_audio(base64.b64encode(pcm[start : start + FRAME_BYTES]).decode())
        if paced:
            time.sleep(FRAME_S)
    conversation.end_session(timeout=END_S)
    conversation.close()
    return " ".join(heard.texts)


def decode(path: Path) -> bytes:
    """The whole file as 16 kHz s16le mono."""
    command = [str(find_ffmpeg()), "-nostdin", "-v", "error", "-i", str(path), "-ac", "1", "-ar", "16000"]
    return subprocess.run([*command, "-f", "s16le", "pipe:1"], check=True, capture_output=True).stdout
