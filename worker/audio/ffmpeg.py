"""ffmpeg as a child process that reads what strangers send: hardened, bounded, and always reaped."""

import os
import re
import resource
import selectors
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from worker.errors import ConfigurationError, DecoderFailed

# Playlists (HLS, DASH, concat) open other files and URLs, so only demuxers that read their one file are let in.
FORMATS = "wav,w64,mp3,mov,ogg,flac,aac,matroska,amr,asf,aiff,au,caf"
ADDRESS_SPACE_BYTES = 1024**3  # 256 MB is too little for ffmpeg to start
OPEN_FILES = Path("/proc/self/fd")  # a child has a file that it was given under the same name
STALL_S = 60.0
CHUNK_BYTES = 65_536
NOTES_BYTES = 65_536
KILLED_BY_SIGNAL = 255  # ffmpeg's exit status after SIGINT or SIGTERM
MOSTLY_ERRORS = 69  # ffmpeg's exit status where most packets could not be decoded

DURATION = re.compile(rb"^  Duration: (\d+):(\d\d):(\d\d)\.(\d\d)", re.MULTILINE)

# One malloc arena: each further one reserves 64 MB of the address space above.
ENVIRONMENT = {"LC_ALL": "C", "MALLOC_ARENA_MAX": "1"}


def find_ffmpeg() -> Path:
    """The ffmpeg to use: the one on PATH, or the one that `imageio-ffmpeg` brings.

    Raises ConfigurationError where there is none.
    """
    on_path = shutil.which("ffmpeg")
    return Path(on_path).absolute() if on_path else _bundled_ffmpeg()


def _bundled_ffmpeg() -> Path:
    try:
        import imageio_ffmpeg  # noqa: PLC0415  # an extra that a production image need not carry

        return Path(imageio_ffmpeg.get_ffmpeg_exe()).absolute()
    except (ImportError, RuntimeError) as error:
        raise ConfigurationError("There is no ffmpeg: install it, or the extra `longhand[embedded]`.") from error


def ffmpeg_over(path: Path, output: list[str], program: Path, *, stall_s: float = STALL_S) -> "Ffmpeg":
    """ffmpeg with one local file as its input, and nothing that it may point to; ``output`` is what follows.

    A file that this process has open, and that is named so, is handed on to it.
    """
    passed = (int(path.name),) if path.parent == OPEN_FILES else ()
    return Ffmpeg(program, [*_input_arguments(path), *output], passed=passed, stall_s=stall_s)


def _input_arguments(path: Path) -> list[str]:
    options = "-hide_banner -nostdin -nostats -loglevel info -threads 1 -filter_threads 1".split()
    allowed = ["-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS]
    return [*options, *allowed, "-i", f"file:{path.absolute()}"]


def duration_ms(notes: bytes) -> int | None:
    """The input's length as ffmpeg notes it, to a hundredth of a second; None where it does not know."""
    found = DURATION.search(notes)
    if found is None:
        return None
    hours, minutes, seconds, hundredths = (int(number) for number in found.groups())
    return (((hours * 60 + minutes) * 60 + seconds) * 100 + hundredths) * 10


class Ffmpeg:
    """A running ffmpeg whose standard output is read. Use it as a context; leaving it kills and reaps the process.

    ``notes`` holds the first 64 KiB that ffmpeg said on its standard error. They name paths: never show them.
    """

    def __init__(
        self, program: Path, arguments: list[str], *, passed: Sequence[int] = (), stall_s: float = STALL_S
    ) -> None:
        self.notes = b""
        self._stall_s = stall_s
        self._buffer = bytearray()
        self._process = _spawn(program, arguments, passed)
        self._selector = selectors.DefaultSelector()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None  # noqa: S101  # both were asked for as pipes; narrows the type
            self._selector.register(stream, selectors.EVENT_READ, stream is self._process.stdout)
        self._reading = True

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes, fewer only at the end; raises DecoderFailed where nothing comes for too long."""
        deadline = time.monotonic() + self._stall_s
        while self._reading and len(self._buffer) < size:
            if self._pump(max(0.0, deadline - time.monotonic())):
                deadline = time.monotonic() + self._stall_s
            elif time.monotonic() >= deadline:
                raise DecoderFailed(f"ffmpeg gave nothing for {self._stall_s:.0f} s.")
        piece = bytes(self._buffer[:size])
        del self._buffer[:size]
        return piece

    def hear(self) -> bytes:
        """What ffmpeg has said so far on its standard error, without waiting."""
        while self._selector.get_map() and self._selector.select(0) and len(self._buffer) < CHUNK_BYTES:
            self._pump(0)
        return self.notes

    def wait(self) -> int:
        """The exit status once the output was read to its end; raises DecoderFailed where it does not come."""
        try:
            return self._process.wait(self._stall_s)
        except subprocess.TimeoutExpired as error:
            raise DecoderFailed("ffmpeg closed its output and did not end.") from error

    def close(self) -> None:
        self._selector.close()
        with self._process:  # closes the pipes and waits
            self._process.kill()

    def _pump(self, timeout_s: float) -> bool:
        """Move what is there from both pipes; whether any of it was output. Keeping both empty avoids a deadlock."""
        moved = False
        for key, _events in self._selector.select(timeout_s):
            chunk = os.read(key.fd, CHUNK_BYTES)
            if key.data:
                moved = True
                self._buffer += chunk
                self._reading = bool(chunk)
            else:
                self.notes = (self.notes + chunk)[:NOTES_BYTES]
            if not chunk:
                self._selector.unregister(key.fileobj)
        return moved


def _spawn(program: Path, arguments: list[str], passed: Sequence[int]) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(  # noqa: S603  # an argument list of ours, no shell
            [str(program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            cwd="/",
            pass_fds=passed,
            start_new_session=True,  # Ctrl-C is for us: an ffmpeg that it ends would look like a damaged recording
        )
    except OSError as error:
        raise DecoderFailed(f"ffmpeg cannot be started: {error.strerror}.") from error
    _limit(process.pid)
    return process


def _limit(pid: int) -> None:
    """Limits are set from outside: `preexec_fn` is not safe in a process with threads."""
    if not hasattr(resource, "prlimit"):  # Linux has it; elsewhere the counted samples must do
        return
    with suppress(ProcessLookupError):  # it ended already; its exit status says why
        resource.prlimit(pid, resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0))
