"""What a file is by its first bytes: enough to refuse at the door what can never be decoded.

Known are the kinds that ffmpeg is let at (`worker.audio.ffmpeg.FORMATS`). A name's ending is never looked at.
"""

import re

from worker.audio.containers import BOXES
from worker.errors import EmptyFile, NotAudio, PlaylistRefused

HEAD_BYTES = 16_384

MAGIC = (
    b"OggS",
    b"fLaC",
    b"ID3",
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"#!AMR",
    b".snd",
    b"caff",
    b"riff\x2e\x91\xcf\x11",  # W64
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF, WMA
)
PICTURES = {b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"crx "}
FORMS = {(b"RIFF", b"WAVE"), (b"RF64", b"WAVE"), (b"FORM", b"AIFF"), (b"FORM", b"AIFC")}
PLAYLIST = re.compile(
    r"#EXTM3U|#EXTINF|#EXT-X-|ffconcat\s+version|\[playlist\]|\[reference\]|<asx\b|<mpd\b|<smil\b|<playlist\b|v=0\s+o=",
    re.IGNORECASE,
)
OTHERS = (
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"MThd", "MIDI, which has notes and no sound"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)

# Bit rates in kbit/s by the header's index less 1 (ISO 11172-3 and 13818-3), by version and layer.
BIT_RATES = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
SAMPLE_RATES = (44_100, 48_000, 32_000)


def look_at(head: bytes, size: int) -> None:
    """Refuse what its first bytes show to be no recording; ``head`` is up to HEAD_BYTES of a file of ``size`` bytes.

    Raises EmptyFile, PlaylistRefused or NotAudio.
    """
    if size == 0:
        raise EmptyFile
    if _has_magic(head):
        return
    text = _text(head)
    if text is not None and PLAYLIST.search(text[:2048]):
        raise PlaylistRefused
    if text is not None:
        raise NotAudio(f"The file is a text. {NotAudio.hint}")
    _name_known_others(head)
    if not _has_frames(head):
        raise NotAudio


def _has_magic(head: bytes) -> bool:
    if (head[:4], head[8:12]) in FORMS or head.startswith(MAGIC):
        return True
    if head[4:8] not in BOXES:
        return False
    return not (head[4:8] == b"ftyp" and head[8:12] in PICTURES)


def _text(head: bytes) -> str | None:
    """The head as text if it is one: no control characters but white space."""
    encoding = "utf-16" if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = head[: len(head) // 2 * 2].decode(encoding) if encoding == "utf-16" else _decode_utf8(head)
    except UnicodeDecodeError:
        return None
    return None if any(ord(letter) < 32 and letter not in "\t\n\v\f\r\x1b" for letter in text) else text


def _decode_utf8(head: bytes) -> str:
    """The head may end within a letter."""
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            raise
        return head[: error.start].decode("utf-8-sig")


def _name_known_others(head: bytes) -> None:
    for magic, name in OTHERS:
        if head.startswith(magic):
            raise NotAudio(f"The file is {name}. {NotAudio.hint}")


def _has_frames(head: bytes) -> bool:
    """Whether two frames of MPEG audio or ADTS follow one another anywhere: some files begin with a bit of junk."""
    at = head.find(b"\xff")
    while 0 <= at < len(head) - 7:
        length = _mpeg_frame_bytes(head[at : at + 4]) or _adts_frame_bytes(head[at : at + 7])
        following = head[at + length : at + length + 2]
        if length and _is_sync(following) and following[1] & 0xFE == head[at + 1] & 0xFE:
            return True
        at = head.find(b"\xff", at + 1)
    return False


def _is_sync(two: bytes) -> bool:
    return len(two) == 2 and two[0] == 0xFF and two[1] & 0xE0 == 0xE0


def _mpeg_frame_bytes(header: bytes) -> int:
    """The length of an MPEG audio frame by its header, 0 where it is none."""
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    rate_index, frequency_index = header[2] >> 4, header[2] >> 2 & 3
    if not _is_sync(header[:2]) or version == 1 or layer == 4 or rate_index in {0, 15} or frequency_index == 3:
        return 0
    bit_rate = BIT_RATES[1 if version == 3 else 2, layer][rate_index - 1] * 1000
    sample_rate = SAMPLE_RATES[frequency_index] // {3: 1, 2: 2, 0: 4}[version]
    padding = header[2] >> 1 & 1
    if layer == 1:
        return (12 * bit_rate // sample_rate + padding) * 4
    samples = 144 if layer == 2 or version == 3 else 72
    return samples * bit_rate // sample_rate + padding


def _adts_frame_bytes(header: bytes) -> int:
    """The length of an ADTS frame (ISO 13818-7, 6.2) by its header, 0 where it is none."""
    if header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    return (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
