"""Splitting: levels of a channel to the spans that are sent. Pure: no audio, no clock, no database.

A span ends in a pause, or after `limit_ms` at the quietest place of its last seconds. Long silence is in no span.
Cutting on from the end of any span gives the same spans as never having stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from worker.split.levels import FRAME_MS, Frame, NoiseGate
from worker.split.presets import Preset

SHORTEST_SOUND_MS = 200  # a click; alone among silence it is not sent
QUIET_PLACE_MS = 200


@dataclass(frozen=True, order=True)
class Span:
    """[start_ms, end_ms) of one channel; channel 0 where channels are mixed."""

    channel: int
    start_ms: int
    end_ms: int


@dataclass
class _Open:
    """The span being cut, in frames of the recording. ``lull`` is where the lull began that still lasts."""

    start: int
    first_sound: int
    last_sound: int
    lull: int | None = None
    pause: tuple[int, int] | None = None


class Splitter:
    """Cuts one channel. Feed all levels from the recording's start, also when cutting begins at ``from_ms``."""

    def __init__(self, preset: Preset, *, channel: int = 0, from_ms: int = 0) -> None:
        self._preset = preset
        self._channel = channel
        self._gate = NoiseGate()
        self._seen = 0  # frames decided so far
        self._position = from_ms // FRAME_MS  # no later span begins before it
        self._from_ms = from_ms
        self._cursor = self._position  # the next frame to look at
        self._base = self._position  # the first frame held
        self._frames: list[Frame] = []
        self._levels: list[float] = []
        self._open: _Open | None = None

    @property
    def needed_from_ms(self) -> int:
        """No span to come begins before it."""
        if self._open is not None:
            return max(self._from_ms, self._open.start * FRAME_MS)
        return max(self._from_ms, self._position * FRAME_MS, self._cursor * FRAME_MS - self._preset.pad_ms)

    def feed(self, levels: Sequence[float]) -> list[Span]:
        """The spans that are complete with these levels."""
        self._hold(*self._gate.feed(levels))
        return self._advance()

    def finish(self, total_ms: int) -> list[Span]:
        """The spans that the recording's end completes; ``total_ms`` is its length."""
        self._hold(*self._gate.finish())
        spans = self._advance()
        while self._open is not None:
            spans += self._close(self._open)
            spans += self._advance()
        ended = [replace(span, end_ms=min(span.end_ms, total_ms)) for span in spans]
        return [span for span in ended if span.start_ms < span.end_ms]

    def _hold(self, frames: list[Frame], levels: list[float]) -> None:
        before = max(0, self._base - self._seen)
        self._seen += len(frames)
        self._frames += frames[before:]
        self._levels += levels[before:]

    def _advance(self) -> list[Span]:
        spans: list[Span] = []
        while self._cursor < self._base + len(self._frames):
            spans += self._look()
        if self._open is None:
            self._forget(self._cursor)
        return spans

    def _look(self) -> list[Span]:
        """Take in the next frame; the span that it ends, if any."""
        at, frame = self._cursor, self._frames[self._cursor - self._base]
        if self._open is not None and self._open.lull is None and frame is Frame.SOUND:
            return self._pass_sound(self._open)
        self._cursor += 1
        if self._open is None:
            self._begin(at, frame)
            return []
        self._note(self._open, at, frame)
        return self._decide(self._open, at + 1)

    def _pass_sound(self, span: _Open) -> list[Span]:
        """Take in all frames of sound up to where anything may be decided: most frames are sound, and it is quicker."""
        length_ms = self._preset.limit_ms if span.pause is None else self._preset.target_ms
        until = max(self._cursor + 1, span.start - (-length_ms // FRAME_MS)) - self._base
        index = self._cursor - self._base + 1
        frames, until = self._frames, min(until, len(self._frames))
        while index < until and frames[index] is Frame.SOUND:
            index += 1
        self._cursor = self._base + index
        span.last_sound = self._cursor - 1
        return self._decide(span, self._cursor)

    def _begin(self, at: int, frame: Frame) -> None:
        if frame is not Frame.SILENCE:
            start = max(self._position, at - self._preset.pad_ms // FRAME_MS)
            self._open = _Open(start=start, first_sound=at, last_sound=at)

    def _note(self, span: _Open, at: int, frame: Frame) -> None:
        if frame is not Frame.SILENCE:
            span.last_sound = at
        if frame is not Frame.SOUND:
            span.lull = at if span.lull is None else span.lull
            return
        if span.lull is not None:
            self._remember(span, span.lull, at)
        span.lull = None

    def _remember(self, span: _Open, start: int, end: int) -> None:
        """Keep the longest pause in which the span could end; of two as long, the later."""
        middle_ms = ((start + end) // 2 - span.start) * FRAME_MS
        if (end - start) * FRAME_MS < self._preset.pause_ms or middle_ms < self._preset.soft_ms:
            return
        if span.pause is None or end - start >= span.pause[1] - span.pause[0]:
            span.pause = (start, end)

    def _decide(self, span: _Open, end: int) -> list[Span]:
        length_ms, silent_ms = (end - span.start) * FRAME_MS, (end - 1 - span.last_sound) * FRAME_MS
        if silent_ms >= self._preset.skip_ms:
            return self._close(span)
        if span.pause is not None and span.lull is None and length_ms >= self._preset.target_ms:
            return self._cut(span, sum(span.pause) // 2)
        if length_ms >= self._preset.limit_ms:
            return self._cut(span, sum(span.pause) // 2 if span.pause else self._quietest(span, end))
        return []

    def _close(self, span: _Open) -> list[Span]:
        """End the span behind its last sound; a click that stands alone is dropped."""
        sound_ms = (span.last_sound + 1 - span.first_sound) * FRAME_MS
        alone = span.start > self._position or span.start == 0
        end = span.last_sound + 1 + self._preset.pad_ms // FRAME_MS
        return self._emit(span, end, dropped=alone and sound_ms < SHORTEST_SOUND_MS)

    def _cut(self, span: _Open, at: int) -> list[Span]:
        """End the span at a frame, or before it where the padding behind the last sound is enough."""
        sound = next(frame for frame in range(at - 1, span.start - 1, -1) if self._at(frame) is not Frame.SILENCE)
        return self._emit(span, min(at, sound + 1 + self._preset.pad_ms // FRAME_MS))

    def _emit(self, span: _Open, end: int, *, dropped: bool = False) -> list[Span]:
        """What comes behind the span's end is looked at again, so that a later attempt can begin there too."""
        self._open = None
        self._position = self._cursor = min(end, self._base + len(self._frames))
        self._forget(self._position)
        start_ms = max(self._from_ms, span.start * FRAME_MS)
        return [] if dropped else [Span(self._channel, start_ms, end * FRAME_MS)]

    def _quietest(self, span: _Open, end: int) -> int:
        """The middle of the quietest place near the end; of several, the last."""
        first = max(span.start + 1, end - self._preset.look_back_ms // FRAME_MS)
        levels = self._levels[first - self._base : end - self._base]
        width = min(QUIET_PLACE_MS // FRAME_MS, len(levels))
        loudness = np.convolve(levels, np.ones(width), mode="valid")[::-1]
        return end - (width + 1) // 2 - int(np.argmin(np.round(loudness, 1)))

    def _at(self, frame: int) -> Frame:
        return self._frames[frame - self._base]

    def _forget(self, before: int) -> None:
        del self._frames[: before - self._base]
        del self._levels[: before - self._base]
        self._base = max(self._base, before)
