"""What a stream remembers of its audio as it passes: the last minutes of it, and where something sounds.

An utterance that is doubted is heard from it again. Only what is surely silence need not be sent again after a break.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from worker.audio.windows import make_audio
from worker.recognise.utterances import BYTES_PER_MS, LONGEST_MS
from worker.split.levels import FRAME_MS, QUIETEST_SOUND_DBFS, frame_levels

KEPT_MS = 3 * LONGEST_MS  # an answer comes seconds behind its audio; this is 6 MB a stream, whatever its length


class RecentAudio:
    """16 kHz s16le mono; times are the recording's, in ms."""

    def __init__(self, from_ms: int, *, kept_ms: int = KEPT_MS) -> None:
        self._kept = bytearray()
        self._from_ms = from_ms
        self._kept_ms = kept_ms

    def through(self, frames: Iterable[bytes]) -> Iterator[bytes]:
        """The same frames, kept as they pass."""
        for frame in frames:
            self._kept += frame
            forgotten_ms = len(self._kept) // BYTES_PER_MS - self._kept_ms
            if forgotten_ms > 0:
                del self._kept[: forgotten_ms * BYTES_PER_MS]
                self._from_ms += forgotten_ms
            yield frame

    def cut(self, start_ms: int, end_ms: int) -> bytes | None:
        """The audio of a span; None where its beginning is forgotten."""
        if start_ms < self._from_ms:
            return None
        return bytes(self._kept[(start_ms - self._from_ms) * BYTES_PER_MS : (end_ms - self._from_ms) * BYTES_PER_MS])


JOIN_MS = 1000  # sounds that are no further apart are kept as one


class SoundSpans:
    """Fed with 16 kHz s16le mono as it passes; times are the recording's, in ms.

    There is no noise floor here, as the splitter has one: a recording's own noise counts as sound.
    """

    def __init__(self, from_ms: int) -> None:
        self.until_ms = from_ms
        self._spans: deque[tuple[int, int]] = deque()

    def through(self, frames: Iterable[bytes]) -> Iterator[bytes]:
        """The same frames, listened to as they pass."""
        for frame in frames:
            self._listen(frame)
            yield frame

    def first_behind(self, ms: int) -> int | None:
        """Where sound begins behind this place, or goes on there; None where all is silence."""
        return next((max(start_ms, ms) for start_ms, end_ms in self._spans if end_ms > ms), None)

    def forget(self, until_ms: int) -> None:
        """What ends before is not asked for any more."""
        while self._spans and self._spans[0][1] <= until_ms:
            self._spans.popleft()

    def _listen(self, frame: bytes) -> None:
        levels = frame_levels(make_audio(frame))
        loud = [number for number, level in enumerate(levels) if level > QUIETEST_SOUND_DBFS]
        if loud:
            self._add(self.until_ms + loud[0] * FRAME_MS, self.until_ms + (loud[-1] + 1) * FRAME_MS)
        self.until_ms += len(frame) // BYTES_PER_MS

    def _add(self, start_ms: int, end_ms: int) -> None:
        if self._spans and start_ms - self._spans[-1][1] <= JOIN_MS:
            start_ms, _ = self._spans.pop()
        self._spans.append((start_ms, end_ms))
