"""Speech and pauses in a stream of audio, by energy over an adaptive noise floor. Pure: bytes in, turns out.

A frame is speech when it is louder than the floor by a margin and louder than an absolute gate; ``threshold`` moves
both. The floor is the quietest frame of the last seconds, so that steady noise becomes floor and speech, which has
gaps, does not.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

SAMPLE_RATE = 16_000
FRAME_MS = 20
FRAME_BYTES = SAMPLE_RATE * FRAME_MS // 1000 * 2

SILENCE_DB = -96.0  # what digital silence counts as: the quantisation step of 16 bits
FLOOR_BLOCK_FRAMES = 25  # the floor is the least of the last blocks of half a second
FLOOR_BLOCKS = 12  # no one speaks for six seconds without a dip; noise that lasts longer is floor
FLOOR_CEILING_DB = -45.0  # the floor before anything was heard: a stream may begin with speech

ONSET_FRAMES = 3  # shorter bursts are clicks
RESUME_FRAMES = 2  # what ends a pause within speech
MAX_TURN_MS = 50_000  # a segment of the protocol is at most 60 s; the rest is room for padding
QUIET_SEARCH_FRAMES = 250  # a turn that never pauses is cut at the quietest frame of its last five seconds


@dataclass(frozen=True, kw_only=True)
class VadSettings:
    """``threshold`` -1 (everything is speech) to 1 (only what is loud and clear); times in ms."""

    threshold: float = 0.2
    silence_duration_ms: int = 800
    prefix_padding_ms: int = 300

    @property
    def margin_db(self) -> float:
        """By how much speech is louder than the noise floor: 3 dB at -1, 12 at 0.2, 18 at 1."""
        return 10.5 + 7.5 * self.threshold

    @property
    def gate_db(self) -> float:
        """What is quieter is never speech: -75 dB of full scale at -1, -57 at 0.2, -45 at 1."""
        return -60.0 + 15.0 * self.threshold


@dataclass(frozen=True)
class SpeechStarted:
    """Speech begins at ``at_ms`` of the stream."""

    at_ms: int


@dataclass(frozen=True)
class SpeechStopped:
    """Speech ended at ``at_ms`` of the stream: its true end, the silence that proved it lies behind.

    ``cut``: it did not end, the turn grew too long, and another starts at the same moment.
    """

    at_ms: int
    cut: bool = False


Turn = SpeechStarted | SpeechStopped


@dataclass
class _NoiseFloor:
    blocks: deque[float] = field(default_factory=lambda: deque(maxlen=FLOOR_BLOCKS))
    current: float = 0.0
    frames: int = 0

    def follow(self, level_db: float) -> float:
        self.current = min(self.current, level_db) if self.frames else level_db
        self.frames += 1
        if self.frames == FLOOR_BLOCK_FRAMES:
            self.blocks.append(self.current)
            self.frames = 0
        quietest = min((self.current, *self.blocks))
        return quietest if len(self.blocks) == FLOOR_BLOCKS else min(quietest, FLOOR_CEILING_DB)


@dataclass
class VoiceDetector:
    """Finds the turns of one stream of 16 kHz s16le mono."""

    settings: VadSettings = field(default_factory=VadSettings)
    _floor: _NoiseFloor = field(default_factory=_NoiseFloor)
    _rest: bytes = b""
    _frame: int = 0  # frames heard so far
    _run: int = 0  # loud frames in a row
    _started: int | None = None  # first frame of the open turn
    _last: int = 0  # the frame after the last speech of the open turn
    _levels: deque[float] = field(default_factory=lambda: deque(maxlen=QUIET_SEARCH_FRAMES))

    @property
    def speaking(self) -> bool:
        """Whether a turn is open."""
        return self._started is not None

    def feed(self, pcm: bytes) -> Iterator[Turn]:
        """The starts and stops that ``pcm``, the next bytes of the stream, shows. To be read to its end."""
        for level in self._frame_levels(pcm):
            yield from self._step(level)

    def finish(self) -> Iterator[Turn]:
        """Close the open turn at the end of its speech, as when the stream ends."""
        if self._started is not None:
            yield self._stop(self._last)

    def _frame_levels(self, pcm: bytes) -> list[float]:
        pcm = self._rest + pcm
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        self._rest = pcm[whole:]
        frames = np.frombuffer(pcm[:whole], dtype="<i2").reshape(-1, FRAME_BYTES // 2).astype(np.float32)
        power = frames.var(axis=1) / 32768.0**2  # the variance leaves out a constant offset
        levels: list[float] = (10 * np.log10(np.maximum(power, 10 ** (SILENCE_DB / 10)))).tolist()
        return levels

    def _step(self, level_db: float) -> Iterator[Turn]:
        floor = self._floor.follow(level_db)
        loud = level_db > floor + self.settings.margin_db and level_db > self.settings.gate_db
        self._frame += 1
        self._run = self._run + 1 if loud else 0
        self._levels.append(level_db)
        yield from self._within() if self.speaking else self._without()

    def _without(self) -> Iterator[Turn]:
        if self._run >= ONSET_FRAMES:
            yield self._start(self._frame - self._run)

    def _within(self) -> Iterator[Turn]:
        if self._run >= RESUME_FRAMES:
            self._last = self._frame
        if (self._frame - self._last) * FRAME_MS >= self.settings.silence_duration_ms:
            yield self._stop(self._last)
        elif (self._frame - (self._started or 0)) * FRAME_MS >= MAX_TURN_MS:
            frame = self._quietest()
            yield self._stop(frame, cut=True)
            yield self._start(frame)

    def _quietest(self) -> int:
        return self._frame - len(self._levels) + int(np.argmin(self._levels))

    def _start(self, frame: int) -> SpeechStarted:
        self._started = frame
        self._last = self._frame
        return SpeechStarted(frame * FRAME_MS)

    def _stop(self, frame: int, *, cut: bool = False) -> SpeechStopped:
        self._started = None
        return SpeechStopped(frame * FRAME_MS, cut)
