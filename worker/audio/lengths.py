"""How long a recording says that it is: read from its head, not decoded. For estimates, never for what is stored."""

from pathlib import Path
from typing import BinaryIO

from worker.audio.containers import flac_duration_ms
from worker.audio.ffmpeg import duration_ms, ffmpeg_over, find_ffmpeg
from worker.audio.wav import PCM, NoWav, read_head
from worker.errors import ConfigurationError, DecoderFailed

JUST_OPEN = "-f ffmetadata pipe:1".split()
STALL_S = 10.0
PLAIN = frozenset({PCM, 3})  # 3: as floating-point numbers


def said_length_ms(path: Path) -> int | None:
    """The length by a WAV's or FLAC's header, else as ffmpeg finds it; None where nothing says it."""
    try:
        return head_length_ms(path) or _by_ffmpeg(path)
    except OSError:
        return None


def head_length_ms(path: Path) -> int | None:
    """The length by a WAV's or FLAC's header, which takes no time; None for other files. Raises OSError."""
    with path.open("rb") as file:
        return _wav_ms(file) or flac_duration_ms(file)


def _wav_ms(file: BinaryIO) -> int | None:
    """Of plain samples; a header that leaves the length open is answered by the file's size."""
    try:
        head = read_head(file.read)
    except NoWav:
        return None
    if head.codec not in PLAIN or not head.frame_bytes:
        return None
    behind = file.seek(0, 2) - head.data_offset
    n_bytes = behind if head.data_bytes is None else min(behind, head.data_bytes)
    return n_bytes // head.frame_bytes * 1000 // head.frame_rate


def _by_ffmpeg(path: Path) -> int | None:
    try:
        with ffmpeg_over(path, JUST_OPEN, find_ffmpeg(), stall_s=STALL_S) as process:
            while process.read(65_536):
                pass
            process.wait()
            return duration_ms(process.hear()) or None
    except (DecoderFailed, ConfigurationError):
        return None
