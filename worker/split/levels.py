"""How loud a recording is, in frames of 10 ms, and what of it is silence: by a noise floor that looks back only."""

from collections import deque
from collections.abc import Sequence
from enum import IntEnum

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


BLOCK_FRAMES = 100  # the floor is looked at anew each second
HISTORY_BLOCKS = 30
FIRST_BLOCKS = 3  # too few to know a floor by
START_FLOOR_DBFS = -70.0
MARGIN_DB = 10.0
QUIETEST_SOUND_DBFS = -70.0  # below it is the noise of a 16 bit converter
LOUDEST_SILENCE_DBFS = -40.0  # nothing louder is ever left out, however steady it is


class Frame(IntEnum):
    """What a frame of 10 ms is taken for."""

    SILENCE = 0  # may be left out
    LULL = 1  # no louder than the noise around it, yet too loud to be left out: a place to cut
    SOUND = 2


class NoiseGate:
    """Levels in, frames out, a second at a time, so that how the levels are fed makes no difference."""

    def __init__(self) -> None:
        self._pending: list[float] = []
        self._history: deque[NDArray[np.float64]] = deque(maxlen=HISTORY_BLOCKS)

    def feed(self, levels: Sequence[float]) -> tuple[list[Frame], list[float]]:
        """The frames that are decided by now, and their levels."""
        self._pending.extend(levels)
        whole = len(self._pending) // BLOCK_FRAMES * BLOCK_FRAMES
        decided, self._pending = self._pending[:whole], self._pending[whole:]
        return self._decide(decided), decided

    def finish(self) -> tuple[list[Frame], list[float]]:
        """The last part of a second."""
        rest, self._pending = self._pending, []
        return self._decide(rest), rest

    def _decide(self, levels: list[float]) -> list[Frame]:
        frames: list[Frame] = []
        for start in range(0, len(levels), BLOCK_FRAMES):
            block = levels[start : start + BLOCK_FRAMES]
            frames += self._decide_block(block)
            self._history.append(np.array(block))
        return frames

    def _decide_block(self, block: list[float]) -> list[Frame]:
        silence, lull = self._thresholds()
        return [Frame.SILENCE if level <= silence else Frame.LULL if level <= lull else Frame.SOUND for level in block]

    def _thresholds(self) -> tuple[float, float]:
        """The loudest silence and the loudest lull, by what was heard before.

        The floor is what a tenth of the frames keep under: even fluent speech has as many between its words.
        """
        if len(self._history) < FIRST_BLOCKS:
            return START_FLOOR_DBFS + MARGIN_DB, START_FLOOR_DBFS + MARGIN_DB
        heard = np.concatenate(self._history)
        tenth = len(heard) // 10
        heard.partition((tenth, len(heard) - tenth))  # numpy's percentile takes six times as long
        floor, loud = float(heard[tenth]), float(heard[-tenth])
        silence = min(max(floor + MARGIN_DB, QUIETEST_SOUND_DBFS), LOUDEST_SILENCE_DBFS)
        # where all is as loud, as in music, nothing is a lull
        return silence, max(silence, min(floor, loud - 2 * MARGIN_DB) + MARGIN_DB)
