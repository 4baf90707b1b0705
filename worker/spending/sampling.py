"""How much of a few files would be sent: their beginnings are cut as a job would cut them, and nothing is sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from realtime.protocol.errors import CodedError
from worker.audio.windows import WINDOW_MS, AudioLimits, AudioSegment, Windows, open_audio
from worker.services.catalogue import Service
from worker.split.cutting import cut
from worker.split.presets import preset_of
from worker.states import Channels, Segmentation

FILES = 5
BEGINNING_MS = 120_000
LIMITS = AudioLimits(max_duration_ms=366 * 24 * 3_600_000)


@dataclass(frozen=True)
class AudioSample:
    """What was looked at, and what of it would be sent, over all channels."""

    audio_ms: int = 0
    heard_ms: int = 0


def sampled_send_ratio(
    paths: Sequence[Path], service: Service, *, channels: Channels, segmentation: Segmentation
) -> float | None:
    """What is sent for each ms of the recordings' length, by two minutes of five of them; None where none is read."""
    few = paths[:: max(1, len(paths) // FILES)][:FILES]
    looked_at = [_look(path, service, channels, segmentation) for path in few]
    audio_ms = sum(one.audio_ms for one in looked_at)
    return sum(one.heard_ms for one in looked_at) / audio_ms if audio_ms else None


def _look(path: Path, service: Service, channels: Channels, segmentation: Segmentation) -> AudioSample:
    try:
        with open_audio(path, LIMITS) as decoding:
            beginning = RecordingHead(decoding)
            preset = preset_of(segmentation, {})
            limit_ms = service.segment_limit_ms
            pieces = cut(beginning, channels=channels, preset=preset, segment_limit_ms=limit_ms)
            heard_ms = sum(piece.span.end_ms - piece.span.start_ms for piece in pieces)
            return AudioSample(beginning.duration_ms, heard_ms)
    except CodedError:  # a job will say what is wrong with it
        return AudioSample()


class RecordingHead:
    """The first windows of a recording, as if it ended there: `Windows`."""

    def __init__(self, whole: Windows) -> None:
        self._whole = whole

    @property
    def channels(self) -> int:
        return self._whole.channels

    @property
    def duration_ms(self) -> int:
        return self._whole.duration_ms

    def mix(self) -> bool:
        """As of the whole."""
        return self._whole.mix()

    def __iter__(self) -> Iterator[AudioSegment]:
        return islice(iter(self._whole), BEGINNING_MS // WINDOW_MS)
