"""The input buffer of a session: in manual mode up to the commit, in VAD mode turn by turn. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soxr

from realtime.protocol.conversation.server_settings import Rejected
from realtime.protocol.vad import SpeechStarted, SpeechStopped, VadSettings, VoiceDetector

ENGINE_RATE = 16_000


class Resampler:
    """s16le mono at ``rate`` Hz in, s16le mono at 16 kHz out. What the filter holds back comes with ``flush``."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._stream = self._fresh()

    def feed(self, pcm: bytes) -> bytes:
        """The next bytes of the stream; the first of them come out only after some more went in."""
        return self._through(pcm, last=False)

    def flush(self) -> bytes:
        """The end of the stream. A new one begins."""
        rest = self._through(b"", last=True)
        self._stream = self._fresh()
        return rest

    def _fresh(self) -> "soxr.ResampleStream | None":
        return None if self.rate == ENGINE_RATE else soxr.ResampleStream(self.rate, ENGINE_RATE, 1, dtype="float32")

    def _through(self, pcm: bytes, *, last: bool) -> bytes:
        if self._stream is None:
            return pcm
        # In floats: its int16 adds dither, and the same audio would have another digest in other pieces.
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
        found = np.rint(self._stream.resample_chunk(samples, last=last))
        return bytes(np.clip(found, -32_768, 32_767).astype("<i2").tobytes())


BYTES_PER_MS = 32  # of 16 kHz s16le mono
MAX_COMMIT_MS = 60_000
TAIL_MS = 200  # silence that a turn keeps behind its speech: recognisers cut the last word without it
ONSET_MS = 200  # what the detector may look back at before it says that speech has started


class ManualBuffer:
    """Audio between two commits. What is beyond the longest commit is counted, not kept: memory has a bound."""

    def __init__(self, rate: int) -> None:
        self._resampler = Resampler(rate)
        self._bytes_per_ms = rate * 2 / 1000
        self._kept = bytearray()
        self._received_bytes = 0

    @property
    def empty(self) -> bool:
        """Whether nothing came since the last commit."""
        return not self._received_bytes

    @property
    def duration_ms(self) -> float:
        """What came since the last commit."""
        return self._received_bytes / self._bytes_per_ms

    def feed(self, pcm: bytes) -> None:
        """More audio, at the session's rate."""
        self._received_bytes += len(pcm)
        if self.duration_ms <= MAX_COMMIT_MS:
            self._kept += self._resampler.feed(pcm)

    def take(self) -> bytes:
        """All since the last commit; the buffer is empty then, also where this raises Rejected."""
        too_long = self.duration_ms > MAX_COMMIT_MS
        if self.empty:
            raise Rejected("There is no audio to commit.", code="input_audio_buffer_commit_empty")
        pcm = bytes(self._kept + self._resampler.flush())
        self._kept.clear()
        self._received_bytes = 0
        if too_long:
            raise Rejected("A commit is at most 60 s of audio; what was in the buffer is dropped.", param="audio")
        return pcm


@dataclass(frozen=True)
class TurnStarted:
    """``at_ms`` of the session's audio."""

    at_ms: int


@dataclass(frozen=True)
class TurnAudio:
    """More audio of the open turn."""

    pcm: bytes


@dataclass(frozen=True)
class TurnStopped:
    """The end of the open turn's speech, and all of its audio, with padding before and a little silence behind."""

    at_ms: int
    pcm: bytes


TurnEvent = TurnStarted | TurnAudio | TurnStopped


class TurnBuffer:
    """The audio of VAD mode. ``from_ms`` is how much audio the session had received before."""

    def __init__(self, rate: int, vad: VadSettings, from_ms: int = 0) -> None:
        self._resampler = Resampler(rate)
        self._detector = VoiceDetector(vad)
        self._padding_ms = vad.prefix_padding_ms
        self._from_ms = from_ms
        self._kept = bytearray()
        self._kept_ms = 0  # where the kept audio begins
        self._taken_ms = 0  # where the last turn's audio ended
        self._turn_ms = 0  # where the open turn's audio begins
        self._told_byte = 0  # up to where TurnAudio has carried the open turn

    @property
    def in_turn(self) -> bool:
        """Whether somebody is speaking."""
        return self._detector.speaking

    @property
    def held_ms(self) -> int:
        """How much audio is in memory."""
        return len(self._kept) // BYTES_PER_MS

    def feed(self, pcm: bytes) -> list[TurnEvent]:
        """More audio, at the session's rate."""
        return list(self._hear(self._resampler.feed(pcm)))

    def finish(self) -> list[TurnEvent]:
        """The end of the stream: an open turn ends where its speech did."""
        events = list(self._hear(self._resampler.flush()))
        return [*events, *(self._stopped(turn) for turn in self._detector.finish() if isinstance(turn, SpeechStopped))]

    def _hear(self, pcm: bytes) -> Iterator[TurnEvent]:
        self._kept += pcm
        for turn in self._detector.feed(pcm):
            yield self._started(turn) if isinstance(turn, SpeechStarted) else self._stopped(turn)
        self._forget()
        if self.in_turn and (fresh := self._audio(self._told_byte, None)):
            self._told_byte += len(fresh)
            yield TurnAudio(fresh)

    def _started(self, turn: SpeechStarted) -> TurnStarted:
        self._turn_ms = max(self._taken_ms, turn.at_ms - self._padding_ms, 0)
        self._told_byte = self._turn_ms * BYTES_PER_MS
        return TurnStarted(self._from_ms + turn.at_ms)

    def _stopped(self, turn: SpeechStopped) -> TurnStopped:
        end_ms = turn.at_ms if turn.cut else turn.at_ms + TAIL_MS
        pcm = self._audio(self._turn_ms * BYTES_PER_MS, end_ms * BYTES_PER_MS)
        self._taken_ms = self._turn_ms + len(pcm) // BYTES_PER_MS
        return TurnStopped(self._from_ms + turn.at_ms, pcm)

    def _audio(self, from_byte: int, to_byte: int | None) -> bytes:
        """Of the stream at 16 kHz, as far as it came."""
        kept_byte = self._kept_ms * BYTES_PER_MS
        return bytes(self._kept[from_byte - kept_byte : None if to_byte is None else to_byte - kept_byte])

    def _forget(self) -> None:
        """Drop what neither the open turn nor the next one can ask for."""
        heard_ms = self._kept_ms + len(self._kept) // BYTES_PER_MS
        from_ms = self._turn_ms if self.in_turn else heard_ms - self._padding_ms - ONSET_MS
        if from_ms > self._kept_ms:
            del self._kept[: (from_ms - self._kept_ms) * BYTES_PER_MS]
            self._kept_ms = from_ms
