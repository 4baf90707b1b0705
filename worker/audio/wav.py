"""WAV: what the chunks at its head say, from a file or from a pipe; and plain ones, which need no decoder."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Self

Read = Callable[[int], bytes]

PCM = 1
EXTENSIBLE = 0xFFFE  # the format's number then stands in the first two bytes of its GUID
# Writers that cannot seek back leave 0, 0xFFFFFFFF (ffmpeg) or something just under 2**31 (SoX) as the length.
UNKNOWN_LENGTH = 0x7FFF_0000
MAX_CHUNK_BYTES = 8 * 1024**2


class NoWav(ValueError):
    """The bytes are no WAV that can be followed to its samples."""


@dataclass(frozen=True)
class WavHead:
    """``data_bytes`` is None where the header leaves it open; ``data_offset`` counts from the file's start."""

    codec: int
    channels: int
    frame_rate: int
    bits: int
    data_offset: int
    data_bytes: int | None

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.bits // 8


def read_head(read: Read) -> WavHead:
    """Follow the chunks of a RIFF or RF64 WAV until the samples begin; raises NoWav."""
    if (magic := _take(read, 12))[:4] not in {b"RIFF", b"RF64"} or magic[8:] != b"WAVE":
        raise NoWav("no RIFF/WAVE")
    offset, chunks = 12, dict[bytes, bytes]()
    while True:
        name, size = _chunk(read)
        offset += 8
        if name == b"data":
            return _head(chunks, offset, size)
        chunks[name] = _take(read, size + size % 2)[:64]
        offset += size + size % 2


def _chunk(read: Read) -> tuple[bytes, int]:
    header = _take(read, 8)
    return header[:4], int.from_bytes(header[4:], "little")


def _head(chunks: dict[bytes, bytes], offset: int, size: int) -> WavHead:
    form = chunks.get(b"fmt ", b"")
    if len(form) < 16:
        raise NoWav("no format before the samples")
    codec, channels, frame_rate = _number(form, 0, 2), _number(form, 2, 2), _number(form, 4, 4)
    if codec == EXTENSIBLE and len(form) >= 26:
        codec = _number(form, 24, 2)
    if not channels or not frame_rate:
        raise NoWav("no channels or no rate")
    return WavHead(codec, channels, frame_rate, _number(form, 14, 2), offset, _length(size, chunks.get(b"ds64", b"")))


def _length(size: int, ds64: bytes) -> int | None:
    if size == 0xFFFF_FFFF and len(ds64) >= 16:
        return _number(ds64, 8, 8) or None
    return size if 0 < size < UNKNOWN_LENGTH else None


def _number(data: bytes, start: int, size: int) -> int:
    return int.from_bytes(data[start : start + size], "little")


def _take(read: Read, size: int) -> bytes:
    if size > MAX_CHUNK_BYTES:
        raise NoWav("a chunk before the samples is too large")
    data = read(size)
    if len(data) < size:
        raise NoWav("the bytes end before the samples begin")
    return data


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
