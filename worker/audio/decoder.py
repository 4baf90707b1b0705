"""A recording through ffmpeg: what its output's header, its end and its exit status mean."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from worker.audio.containers import flac_duration_ms
from worker.audio.ffmpeg import (
    KILLED_BY_SIGNAL,
    MOSTLY_ERRORS,
    Ffmpeg,
    duration_ms,
    ffmpeg_over,
)
from worker.audio.wav import NoWav, read_head
from worker.errors import DamagedAudio, DecoderFailed, NoAudioStream, TruncatedFile

# A WAV header on the pipe carries the number of channels, which no ffprobe is there to tell.
AS_WAV = "-map 0:a:0 -vn -sn -dn -map_metadata -1 -fflags +bitexact -ar 16000 -c:a pcm_s16le".split()
# Left to itself ffmpeg writes each packet by itself, some 40 a second of audio, and we would wake up for each.
IN_LARGE_PIECES = "-flush_packets 0 -f wav pipe:1".split()
# Mixed before its rate is changed a recording takes ffmpeg a tenth less, and half as much comes through the pipe.
MIXED = ["-af", "aformat=channel_layouts=stereo,pan=mono|c0=0.5*c0+0.5*c1"]
LONG_MS = 600_000  # to start a second ffmpeg pays from here on
OPENS_AT_ALL = "-f ffmetadata pipe:1".split()
HAS_AUDIO_PACKETS = "-map 0:a:0 -c copy -frames:a 1 -f null -".split()
FLAC_SLACK_MS = 500


class Decoder:
    """ffmpeg's samples, and the verdict at their end."""

    def __init__(
        self, path: Path, file: BinaryIO, program: Path, start: Callable[[list[str]], Ffmpeg], long_ms: int
    ) -> None:
        self._path = path
        self._program = program
        self._start = start
        self._long_ms = long_ms
        self._process = start([])
        self._promised_ms = flac_duration_ms(file)
        self.announced_ms: int | None = None
        self.channels = self._read_channels()

    def read(self, size: int) -> bytes:
        return self._process.read(size)

    def mix(self) -> bool:
        """Begin anew with both channels in one, if it pays. The file alone decides, so each attempt hears the same."""
        if self.channels != 2 or (self.announced_ms or 0) < self._long_ms:
            return False
        self._process.close()
        self._process = self._start(MIXED)
        self.channels = self._read_channels()
        return True

    def finish(self, samples: int) -> None:
        """Judge the end; raises TruncatedFile, DamagedAudio, NoAudioStream or DecoderFailed."""
        status = self._process.wait()
        if status < 0 or status == KILLED_BY_SIGNAL:
            raise DecoderFailed("ffmpeg was ended from outside.")
        if samples == 0:
            self._explain_nothing()
        if status == MOSTLY_ERRORS:
            raise DamagedAudio
        short_ms = (self._promised_ms or 0) - samples // 16
        if status != 0 or short_ms > FLAC_SLACK_MS:
            raise TruncatedFile

    def _read_channels(self) -> int:
        try:
            head = read_head(self._process.read)
        except NoWav:
            self.finish(0)
            raise
        self.announced_ms = self._announced_ms()
        return head.channels

    def _announced_ms(self) -> int | None:
        """The container's length, to refuse a recording that is too long before any of it is paid for.

        Whole seconds: encoders pad the end, and what is decoded decides on the rest.
        """
        notes = self._process.hear()
        found_ms = None if b"Estimating duration from bitrate" in notes else duration_ms(notes)
        return None if found_ms is None else found_ms // 1000 * 1000

    def _explain_nothing(self) -> None:
        """No sample came. Two short runs tell by their exit statuses why: no text of ffmpeg's decides."""
        if self._succeeds(OPENS_AT_ALL) and not self._succeeds(HAS_AUDIO_PACKETS):
            raise NoAudioStream
        raise DamagedAudio

    def _succeeds(self, output: list[str]) -> bool:
        with ffmpeg_over(self._path, output, self._program) as process:
            while process.read(65_536):
                pass
            return process.wait() == 0


@contextmanager
def decode(path: Path, file: BinaryIO, program: Path, *, stall_s: float, long_ms: int) -> Iterator[Decoder]:
    """Run ffmpeg over ``path``; ``file`` is the same file, open."""
    with ExitStack() as running:

        def start(filters: list[str]) -> Ffmpeg:
            output = [*AS_WAV, *filters, *IN_LARGE_PIECES]
            return running.enter_context(ffmpeg_over(path, output, program, stall_s=stall_s))

        yield Decoder(path, file, program, start, long_ms)
