"""The last minutes of a stream's audio: what an utterance that is doubted is heard from again."""

from collections.abc import Iterable, Iterator

from worker.recognise.utterances import BYTES_PER_MS, LONGEST_MS

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
