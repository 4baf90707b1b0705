"""A WAV that is 16 kHz s16le already is read as it is: starting ffmpeg would cost more than the reading."""

from typing import BinaryIO, Self

from worker.audio.wav import PCM, NoWav, WavHead, read_head


class PlainWav:
    """The samples of such a WAV, read piece by piece."""

    def __init__(self, file: BinaryIO, head: WavHead, size_bytes: int) -> None:
        behind = max(0, size_bytes - head.data_offset)
        self._file = file
        self._left = behind if head.data_bytes is None else min(behind, head.data_bytes)
        self.channels = head.channels
        self.announced_ms: int | None = self._left // (self.channels * 2) // 16
        file.seek(head.data_offset)

    @classmethod
    def find(cls, file: BinaryIO) -> Self | None:
        """The samples of ``file``, or None where ffmpeg is needed. A WAV of any kind without samples needs none."""
        size_bytes = file.seek(0, 2)
        file.seek(0)
        try:
            head = read_head(file.read)
        except NoWav:
            return None
        plain = (head.codec, head.frame_rate, head.bits) == (PCM, 16_000, 16)
        return cls(file, head, size_bytes) if plain or size_bytes <= head.data_offset else None

    def read(self, size: int) -> bytes:
        piece = self._file.read(min(size, self._left))
        self._left -= len(piece)
        return piece

    def mix(self) -> bool:
        """A file is read as it is."""
        return False

    def finish(self, samples: int) -> None:
        """A file that ends too early was refused when it was opened; an empty one is an empty recording."""
