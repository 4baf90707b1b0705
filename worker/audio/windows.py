"""Decoding: one recording in, windows of a second out, as pydub AudioSegments in 16 kHz s16le.

Memory is flat whatever the length. Duration is counted in decoded samples, never taken from a header.
"""

import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from worker.audio.containers import is_cut_off
from worker.audio.decoder import LONG_MS, decode
from worker.audio.ffmpeg import STALL_S, find_ffmpeg
from worker.audio.sniff import HEAD_BYTES, look_at
from worker.audio.wav import PlainWav
from worker.errors import NotAudio, SourceForbidden, SourceMissing, StorageFailed, TooLong, TruncatedFile

with warnings.catch_warnings():  # at import only: we run ffmpeg ourselves, and cannot mend pydub's sources
    warnings.filterwarnings("ignore", message="Couldn't find ffmpeg", category=RuntimeWarning)
    warnings.filterwarnings("ignore", message="invalid escape sequence")
    warnings.filterwarnings("ignore", message=".*invalid escape sequence")
    warnings.filterwarnings("ignore", message="'audioop' is deprecated", category=DeprecationWarning)
    from pydub import AudioSegment as AudioSegment  # noqa: PLC0414  # handed on: nothing else imports pydub

FRAME_RATE = 16_000
SAMPLE_BYTES = 2
WINDOW_MS = 1000
SAMPLES_PER_MS = FRAME_RATE // 1000
# More are mixed as they are decoded: beyond this it is no call or meeting with a microphone for each speaker.
MAX_CHANNELS = 8


@dataclass(frozen=True, kw_only=True)
class AudioLimits:
    """``stall_s``: how long ffmpeg may give nothing while it is being read.

    ``long_ms``: from which length on ffmpeg is started anew to mix two channels, see `Windows.mix`.
    """

    max_duration_ms: int
    stall_s: float = STALL_S
    long_ms: int = LONG_MS


class Source(Protocol):
    """16 kHz s16le from anywhere. ``announced_ms`` is what the file says of its length, None where it does not.

    ``mix`` begins anew with all channels in one, where the source does that for less than here; whether it did.
    """

    channels: int
    announced_ms: int | None

    def read(self, size: int) -> bytes: ...
    def mix(self) -> bool: ...
    def finish(self, samples: int) -> None: ...


class Windows(Protocol):
    """Audio that can be cut, window by window. ``duration_ms`` of it were given so far: all, after the last window.

    Iterate it once, and once more behind a `mix` that did something.
    """

    @property
    def channels(self) -> int: ...
    @property
    def duration_ms(self) -> int: ...
    def mix(self) -> bool: ...
    def __iter__(self) -> Iterator[AudioSegment]: ...


def _ignore() -> None:
    pass


class Decoding:
    """A recording being decoded: `Windows`. ``on_window`` is called before each of them is given.

    Hours of silence give no piece to send, but their windows show that somebody is at work on them.
    """

    def __init__(self, source: Source, limits: AudioLimits, *, on_window: Callable[[], None] = _ignore) -> None:
        self.source_channels = source.channels
        self.channels = source.channels if source.channels <= MAX_CHANNELS else 1
        self._source = source
        self._limits = limits
        self._on_window = on_window
        self._samples = 0
        self._check(source.announced_ms or 0)

    @property
    def duration_ms(self) -> int:
        """Whole milliseconds decoded so far."""
        return self._samples // SAMPLES_PER_MS

    def mix(self) -> bool:
        """Begin anew with all channels in one, where the source can do that for less; whether it did."""
        mixed = self._source.mix()
        if mixed:
            self.channels, self._samples = 1, 0
        return mixed

    def __iter__(self) -> Iterator[AudioSegment]:
        frame_bytes = self._source.channels * SAMPLE_BYTES
        while pcm := self._source.read(WINDOW_MS * SAMPLES_PER_MS * frame_bytes):
            pcm = pcm[: len(pcm) - len(pcm) % frame_bytes]
            self._samples += len(pcm) // frame_bytes
            self._check(self.duration_ms)
            audio = make_audio(pcm, self._source.channels)
            self._on_window()
            yield audio if audio.channels == self.channels else to_mono(audio)
        self._source.finish(self._samples)

    def _check(self, duration_ms: int) -> None:
        if duration_ms > self._limits.max_duration_ms:
            longest_s = self._limits.max_duration_ms / 1000
            raise TooLong(f"The recording is longer than {longest_s:.0f} s. {TooLong.hint}")


def make_audio(pcm: bytes, channels: int = 1) -> AudioSegment:
    """An AudioSegment over 16 kHz s16le."""
    return AudioSegment(pcm, sample_width=SAMPLE_BYTES, frame_rate=FRAME_RATE, channels=channels)


def to_mono(audio: AudioSegment) -> AudioSegment:
    """All channels in one, each with the same weight."""
    if audio.channels == 1:
        return audio
    samples = np.frombuffer(audio.raw_data, dtype="<i2").reshape(-1, audio.channels)
    if audio.channels == 2:  # rounded down, as pydub does it in twice the time
        return make_audio((np.add(samples[:, 0], samples[:, 1], dtype=np.int32) >> 1).astype("<i2").tobytes())
    # pydub adds up three and more channels sample by sample in Python
    return make_audio(samples.mean(axis=1).astype("<i2").tobytes())


@contextmanager
def open_audio(
    path: Path, limits: AudioLimits, *, ffmpeg: Path | None = None, on_window: Callable[[], None] = _ignore
) -> Iterator[Decoding]:
    """Decode the file at ``path``; leaving the block ends the decoder, wherever it is; ``on_window`` as in `Decoding`.

    Raises NotAudio, EmptyFile, PlaylistRefused by the first bytes; TruncatedFile, TooLong, NoAudioStream, DamagedAudio
    when opened or while iterated; DecoderFailed where the machine is to blame; SourceMissing, SourceForbidden.
    """
    with _opened(path) as file:
        _look_inside(file)
        plain = PlainWav.find(file)
        if plain is not None:
            yield Decoding(plain, limits, on_window=on_window)
            return
        with decode(path, file, ffmpeg or find_ffmpeg(), stall_s=limits.stall_s, long_ms=limits.long_ms) as source:
            yield Decoding(source, limits, on_window=on_window)


def _look_inside(file: BinaryIO) -> None:
    size = file.seek(0, 2)
    file.seek(0)
    look_at(file.read(HEAD_BYTES), size)
    if is_cut_off(file):
        raise TruncatedFile


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a FIFO would wait for ever
            raise NotAudio("The source is not a regular file.")
        file = path.open("rb")
    except FileNotFoundError as error:
        raise SourceMissing from error
    except PermissionError as error:
        raise SourceForbidden from error
    except OSError as error:
        raise StorageFailed(f"The recording cannot be read: {error.strerror}.") from error
    with file:
        yield file
