"""How many bytes a file must have by its own structure: a shorter one was cut off on its way.

ffmpeg decodes what is left of such a file and often ends with 0. The structure says it before anything is paid for.
Where a format promises nothing (ADTS, AMR, a bare MP3), neither do these functions.
"""

import os
from collections.abc import Callable
from typing import BinaryIO

from worker.audio.wav import NoWav, read_head

# The top-level boxes of ISO base media and QuickTime files. Anything else is taken for junk behind the recording.
BOXES = frozenset(
    b"ftyp moov mdat free skip wide moof mfra sidx styp uuid pdin meta udta emsg prft ssix pnot".split(b" ")
)
ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
OGG_PAGE_BYTES = 65_307
HEAD_BYTES = 4096
SLACK_BYTES = 256  # a padding byte left out, a length that counts its own header: nobody hears it
MP3_SLACK = 0.01  # the count of a Xing header is a frame more or less from one encoder to the next


def is_cut_off(file: BinaryIO) -> bool:
    """Whether the file ends before its own structure does."""
    size = file.seek(0, os.SEEK_END)
    promised = promised_bytes(file)
    return promised is not None and promised > size + SLACK_BYTES


def promised_bytes(file: BinaryIO) -> int | None:
    """The least size by the file's structure; None where it promises nothing."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    for is_kind, measure in KINDS:
        if is_kind(head):
            return measure(file, head)
    return None


def flac_duration_ms(file: BinaryIO) -> int | None:
    """The length that a FLAC's STREAMINFO promises (RFC 9639, 8.2); None for other files and where it is left open."""
    head = _past_id3(file)
    if head[:4] != b"fLaC":
        return None
    packed = int.from_bytes(head[18:26], "big")  # 20 bits rate, 3 channels, 5 depth, 36 samples
    rate, samples = packed >> 44, packed & (1 << 36) - 1
    return samples * 1000 // rate if rate and samples else None


def _wav(file: BinaryIO, _head: bytes) -> int | None:
    try:
        head = read_head(file.read)
    except NoWav:
        return None
    return None if head.data_bytes is None else head.data_offset + head.data_bytes


def _w64(_file: BinaryIO, head: bytes) -> int | None:
    return int.from_bytes(head[16:24], "little") or None


def _aiff(_file: BinaryIO, head: bytes) -> int | None:
    size = int.from_bytes(head[4:8], "big")
    return size + 8 if size else None


def _au(_file: BinaryIO, head: bytes) -> int | None:
    offset, size = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
    return None if size == 0xFFFF_FFFF else offset + size


def _asf(_file: BinaryIO, head: bytes) -> int | None:
    """The file size in the File Properties Object; 0 in what was broadcast."""
    at = head.find(ASF_FILE_PROPERTIES)
    return int.from_bytes(head[at + 40 : at + 48], "little") or None if at >= 0 else None


def _caf(file: BinaryIO, _head: bytes) -> int | None:
    position = 8
    while len(header := _read_at(file, position, 12)) == 12:
        size = int.from_bytes(header[4:], "big", signed=True)
        if size < 0:  # -1: up to the end of the file
            return None
        position += 12 + size
        if header[:4] == b"data":
            break
    return position


def _mp4(file: BinaryIO, _head: bytes) -> int | None:
    position = 0
    while (header := _read_at(file, position, 16))[4:8] in BOXES:
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if size < 8:  # 0: up to the end of the file
            return None
        position += size
    return position


def _matroska(file: BinaryIO, _head: bytes) -> int | None:
    header_size, start = _ebml_size(file, 4)
    if header_size is None or _read_at(file, start + header_size, 4) != b"\x18\x53\x80\x67":
        return None
    segment_size, begin = _ebml_size(file, start + header_size + 4)
    return None if segment_size is None else begin + segment_size


def _ebml_size(file: BinaryIO, position: int) -> tuple[int | None, int]:
    """An EBML length (RFC 8794, 6) and where its element's data begins; None is "unknown", all bits set."""
    data = _read_at(file, position, 8)
    width = 9 - data[0].bit_length() if data and data[0] else 8
    mask = (1 << 7 * width) - 1
    value = int.from_bytes(data[:width], "big") & mask
    return None if value == mask else value, position + width


def _ogg(file: BinaryIO, _head: bytes) -> int | None:
    """Where the last page ends (RFC 3533, 6). A cut within a page shows; one between two pages does not."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - OGG_PAGE_BYTES)
    tail = _read_at(file, start, OGG_PAGE_BYTES)
    at = tail.rfind(b"OggS\x00")
    if at < 0:
        return None
    lacing = tail[at + 27 : at + 27 + tail[at + 26]] if len(tail) > at + 26 else b""
    whole = bool(lacing) and len(lacing) == tail[at + 26]
    return start + at + 27 + len(lacing) + sum(lacing) if whole else size + SLACK_BYTES + 1


def _mp3(file: BinaryIO, _head: bytes) -> int | None:
    """What a Xing or Info header counts: its fourth field, if its second flag is set.

    Some encoders count an ID3v2 tag in and some do not, so a tag is given away rather than asked for twice.
    """
    frame = _past_id3(file)
    at = max(frame[:64].find(b"Xing"), frame[:64].find(b"Info"))
    if at < 0:
        return None
    flags, fields = int.from_bytes(frame[at + 4 : at + 8], "big"), at + 8
    if not flags & 2:
        return None
    fields += 4 if flags & 1 else 0
    return int(int.from_bytes(frame[fields : fields + 4], "big") * (1 - MP3_SLACK))


def _past_id3(file: BinaryIO) -> bytes:
    """The first bytes behind an ID3v2 tag, or of the file where there is none."""
    header = _read_at(file, 0, 10)
    if header[:3] != b"ID3" or len(header) < 10:
        return _read_at(file, 0, 256)
    size = 0
    for byte in header[6:10]:  # four times seven bits
        size = size << 7 | byte & 0x7F
    return _read_at(file, 10 + size, 256)


def _read_at(file: BinaryIO, position: int, size: int) -> bytes:
    """Nothing where the file has ended by then: no system takes every position that a length field can lead to."""
    if position > file.seek(0, os.SEEK_END):
        return b""
    file.seek(position)
    return file.read(size)


KINDS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO, bytes], int | None]], ...] = (
    (lambda head: head[:4] in {b"RIFF", b"RF64"}, _wav),
    (lambda head: head[:4] == b"riff", _w64),
    (lambda head: head[:4] == b"FORM", _aiff),
    (lambda head: head[:4] == b".snd", _au),
    (lambda head: head[:4] == b"caff", _caf),
    (lambda head: head[4:8] in BOXES, _mp4),
    (lambda head: head[:4] == b"\x1a\x45\xdf\xa3", _matroska),
    (lambda head: head[:4] == b"OggS", _ogg),
    (lambda head: head[:4] == b"\x30\x26\xb2\x75", _asf),
    (lambda head: head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"), _mp3),
)
