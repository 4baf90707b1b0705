"""Real speech: the samples' words, whose times are known, are never cut through nor left out."""

import json
from collections.abc import Iterable
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.fixtures.paths import SAMPLES
from tests.fixtures.requirements import skip_or_fail
from tests.fixtures.sounds import LIMITS
from worker.audio.ffmpeg import find_ffmpeg
from worker.audio.windows import open_audio
from worker.split.cutting import Cutting, cut
from worker.split.presets import PRESETS
from worker.split.spans import Span
from worker.states import Channels, Segmentation

RECORDINGS = {
    "river.wav": Channels.MIX,
    "market.mp3": Channels.MIX,
    "council.m4a": Channels.MIX,
    "call.ogg": Channels.SPLIT,
}


def cut_sample(
    name: str, segmentation: Segmentation, *, ffmpeg: Path | None = None, stored: Iterable[Span] = ()
) -> tuple[Cutting, list[Span]]:
    preset = PRESETS[segmentation]
    with open_audio(SAMPLES / name, LIMITS, ffmpeg=ffmpeg) as decoding:
        cutting = cut(decoding, channels=Channels.AUTO, preset=preset, segment_limit_ms=60_000, stored=stored)
        return cutting, [piece.span for piece in cutting]


@pytest.mark.parametrize("segmentation", PRESETS)
@pytest.mark.parametrize("name", RECORDINGS)
def test_every_word_lies_whole_in_a_span(name: str, segmentation: Segmentation) -> None:
    cutting, spans = cut_sample(name, segmentation)
    words = json.loads((SAMPLES / name).with_suffix(".words.json").read_text())
    for word in words:
        channel = word["channel"] if cutting.mode is Channels.SPLIT else 0
        assert any(s.start_ms <= word["start_ms"] and word["end_ms"] <= s.end_ms for s in spans if s.channel == channel)


@pytest.mark.parametrize("name", RECORDINGS)
def test_channels_are_judged_right(name: str) -> None:
    assert cut_sample(name, Segmentation.DOCUMENT)[0].mode is RECORDINGS[name]


@pytest.mark.parametrize("name", ["council.m4a", "call.ogg"])
def test_an_attempt_under_another_ffmpeg_follows_the_stored_spans(name: str) -> None:
    """OGG and M4A decode differently from one ffmpeg to the next, M4A in length too."""
    one, other = find_ffmpeg(), Path(imageio_ffmpeg.get_ffmpeg_exe()).absolute()
    if one == other:
        skip_or_fail("ffmpeg", "no ffmpeg on PATH beside the bundled one")
    spans = cut_sample(name, Segmentation.SUBTITLES, ffmpeg=one)[1]
    stored = spans[: len(spans) // 2]
    resumed = cut_sample(name, Segmentation.SUBTITLES, ffmpeg=other, stored=stored)[1]
    assert [span for span in resumed if span in stored] == stored
    assert len(resumed) == len(spans)
    for before, after in zip(sorted(spans), sorted(resumed), strict=True):
        assert abs(before.start_ms - after.start_ms) + abs(before.end_ms - after.end_ms) <= 200


def test_the_silences_of_a_call_are_not_sent() -> None:
    cutting, spans = cut_sample("call.ogg", Segmentation.DOCUMENT)
    assert cutting.audio_ms is not None
    assert sum(span.end_ms - span.start_ms for span in spans) < 0.4 * cutting.channels * cutting.audio_ms
