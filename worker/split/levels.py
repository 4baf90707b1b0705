"""How loud a recording is, in frames of 10 ms."""

import numpy as np
from numpy.typing import NDArray

from worker.audio.windows import FRAME_RATE, AudioSegment

FRAME_MS = 10
FRAME_SAMPLES = FRAME_RATE * FRAME_MS // 1000
SILENCE_DBFS = -100.0  # what digital silence counts as
_FULL_SCALE = float(2**15)


def frame_levels(audio: AudioSegment) -> list[float]:
    """The RMS level of each frame of a mono window in dBFS, to a tenth; the last frame may be a part of one.

    Windows must be whole frames long, but for a recording's last.
    """
    samples = np.frombuffer(audio.raw_data, dtype="<i2").astype(np.float64)
    whole = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
    powers = np.square(samples[:whole].reshape(-1, FRAME_SAMPLES)).mean(axis=1)
    if whole < len(samples):
        powers = np.append(powers, np.square(samples[whole:]).mean())
    return _to_dbfs(powers)


def _to_dbfs(powers: NDArray[np.float64]) -> list[float]:
    floor = 10 ** (SILENCE_DBFS / 10)
    levels: list[float] = np.round(10 * np.log10(np.maximum(powers / _FULL_SCALE**2, floor)), 1).tolist()
    return levels
