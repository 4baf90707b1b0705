"""One channel on its way to pieces: its splitter, and no more of its audio than the next span may need."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from worker.audio.windows import SAMPLES_PER_MS, AudioSegment, make_audio
from worker.split.levels import frame_levels
from worker.split.presets import Preset
from worker.split.spans import Span, Splitter


@dataclass(frozen=True)
class Piece:
    """A span and its audio, mono. ``stored``: the span is an earlier attempt's, not cut now.

    The audio is as long as the span: where this decode ends before a stored span does, the rest is silence.
    """

    span: Span
    audio: AudioSegment
    stored: bool


class Track:
    """Feed it the channel's windows in order; it gives each span's audio as soon as both are there.

    ``keep`` says of what is cut now whether it is worth sending; what is not is in no piece, as silence is.
    """

    def __init__(
        self,
        channel: int,
        preset: Preset,
        stored: Iterable[Span],
        *,
        complete: bool,
        keep: Callable[[AudioSegment], bool] = lambda _audio: True,
    ) -> None:
        self._stored = deque(sorted(stored))
        cut_until = self._stored[-1].end_ms if self._stored else 0
        self._splitter = None if complete else Splitter(preset, channel=channel, from_ms=cut_until)
        self._windows: deque[tuple[int, AudioSegment]] = deque()  # each with its start in ms
        self._decoded_ms = 0
        self._keep = keep

    @property
    def is_done(self) -> bool:
        """Whether it needs no more audio."""
        return self._splitter is None and not self._stored

    @property
    def cut_ms(self) -> int:
        """Up to here all is cut or found to be silence."""
        return min(self._needed_from_ms(), self._decoded_ms)

    def feed(self, audio: AudioSegment) -> list[Piece]:
        """The pieces that this window completes."""
        self._windows.append((self._decoded_ms, audio))
        self._decoded_ms += len(audio)
        spans = self._splitter.feed(frame_levels(audio)) if self._splitter else []
        return self._pieces(self._take_stored(self._decoded_ms), spans)

    def finish(self, total_ms: int) -> list[Piece]:
        """The pieces that the recording's end completes, and the stored ones that lie behind it."""
        self._decoded_ms = total_ms
        spans = self._splitter.finish(total_ms) if self._splitter else []
        stored, self._stored, self._splitter = self._stored, deque(), None
        return self._pieces(stored, spans)

    def _take_stored(self, until_ms: int) -> list[Span]:
        taken = []
        while self._stored and self._stored[0].end_ms <= until_ms:
            taken.append(self._stored.popleft())
        return taken

    def _pieces(self, stored: Iterable[Span], cut: Iterable[Span]) -> list[Piece]:
        pieces = [Piece(span, self._slice(span), stored=True) for span in stored]
        pieces += [piece for span in cut if self._keep((piece := Piece(span, self._slice(span), stored=False)).audio)]
        self._forget(self._needed_from_ms())
        return pieces

    def _needed_from_ms(self) -> int:
        ahead = [self._stored[0].start_ms] if self._stored else []
        ahead += [self._splitter.needed_from_ms] if self._splitter else []
        return min(ahead, default=self._decoded_ms)

    def _slice(self, span: Span) -> AudioSegment:
        parts = [
            window[max(0, span.start_ms - start) : span.end_ms - start].raw_data
            for start, window in self._windows
            if start < min(span.end_ms, self._decoded_ms) and span.start_ms < start + len(window)
        ]
        size = (span.end_ms - span.start_ms) * SAMPLES_PER_MS * 2
        return make_audio(b"".join(parts)[:size].ljust(size, b"\0"))

    def _forget(self, before_ms: int) -> None:
        while self._windows and self._windows[0][0] + len(self._windows[0][1]) <= before_ms:
            self._windows.popleft()
