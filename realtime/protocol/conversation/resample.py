"""Audio as it comes to the 16 kHz that engines take, with a filter, over any cut of the stream into pieces."""

import numpy as np
import soxr

ENGINE_RATE = 16_000


class Resampler:
    """s16le mono at ``rate`` Hz in, s16le mono at 16 kHz out. What the filter holds back comes with ``flush``."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._stream = self._fresh()

    def feed(self, pcm: bytes) -> bytes:
        """The next bytes of the stream; the first of them come out only after some more went in."""
        return self._through(pcm, last=False)

    def flush(self) -> bytes:
        """The end of the stream. A new one begins."""
        rest = self._through(b"", last=True)
        self._stream = self._fresh()
        return rest

    def _fresh(self) -> "soxr.ResampleStream | None":
        return None if self.rate == ENGINE_RATE else soxr.ResampleStream(self.rate, ENGINE_RATE, 1, dtype="float32")

    def _through(self, pcm: bytes, *, last: bool) -> bytes:
        if self._stream is None:
            return pcm
        # In floats: its int16 adds dither, and the same audio would have another digest in other pieces.
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
        found = np.rint(self._stream.resample_chunk(samples, last=last))
        return bytes(np.clip(found, -32_768, 32_767).astype("<i2").tobytes())
