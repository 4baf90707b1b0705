"""Levels to spans: what every splitting must keep to, and where it cuts."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.split.levels import LOUDEST_SILENCE_DBFS
from worker.split.presets import PRESETS, Preset
from worker.split.spans import SHORTEST_SOUND_MS, Span, Splitter
from worker.states import Segmentation

DOCUMENT = PRESETS[Segmentation.DOCUMENT]
SUBTITLES = PRESETS[Segmentation.SUBTITLES]
SPEECH, HUSH = -20.0, -80.0

stretches = st.lists(st.tuples(st.integers(1, 900), st.sampled_from([-90.0, -55.0, -45.0, -30.0, -12.0])), max_size=40)
presets = st.sampled_from([DOCUMENT, SUBTITLES, DOCUMENT.within(12_000), SUBTITLES.within(2_000)])


def levels_of(*stretches_: tuple[int, float]) -> list[float]:
    """(ms, dBFS) after one another."""
    return [level for ms, level in stretches_ for _ in range(ms // 10)]


def split(levels: list[float], preset: Preset = DOCUMENT, *, step: int = 100, from_ms: int = 0) -> list[Span]:
    splitter = Splitter(preset, from_ms=from_ms)
    spans = [span for at in range(0, len(levels), step) for span in splitter.feed(levels[at : at + step])]
    return spans + splitter.finish(len(levels) * 10)


def times(spans: list[Span]) -> list[tuple[int, int]]:
    return [(span.start_ms, span.end_ms) for span in spans]


def drawn(parts: list[tuple[int, float]]) -> list[float]:
    return [level for frames, level in parts for _ in range(frames)]


@given(stretches, presets)
@settings(max_examples=40)
def test_spans_are_ordered_apart_and_under_the_limit(parts: list[tuple[int, float]], preset: Preset) -> None:
    levels = drawn(parts)
    spans = split(levels, preset)
    assert all(0 < span.end_ms - span.start_ms <= preset.limit_ms for span in spans)
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(spans))
    assert all(span.start_ms >= 0 and span.end_ms <= len(levels) * 10 for span in spans)


@given(stretches, presets)
@settings(max_examples=40)
def test_every_loud_frame_is_in_a_span_unless_it_is_a_click(parts: list[tuple[int, float]], preset: Preset) -> None:
    levels = drawn(parts)
    covered = {at for span in split(levels, preset) for at in range(span.start_ms // 10, -(-span.end_ms // 10))}
    left_out = [at for at, level in enumerate(levels) if level > LOUDEST_SILENCE_DBFS and at not in covered]
    for at in left_out:
        near = [other for other in left_out if abs(other - at) * 10 < preset.skip_ms]
        assert (max(near) - min(near) + 1) * 10 < SHORTEST_SOUND_MS


@given(stretches, presets, st.integers(1, 350))
@settings(max_examples=40)
def test_how_the_levels_are_fed_makes_no_difference(parts: list[tuple[int, float]], preset: Preset, step: int) -> None:
    levels = drawn(parts)
    assert split(levels, preset, step=step) == split(levels, preset, step=max(1, len(levels)))


@given(stretches, presets, st.data())
@settings(max_examples=60)
def test_cutting_on_from_any_span_gives_the_spans_that_would_have_come(
    parts: list[tuple[int, float]], preset: Preset, data: st.DataObject
) -> None:
    levels = drawn(parts)
    spans = split(levels, preset)
    at = data.draw(st.integers(0, len(spans)))
    from_ms = spans[at - 1].end_ms if at else 0
    assert split(levels, preset, from_ms=from_ms) == spans[at:]


@given(stretches, presets)
@settings(max_examples=40)
def test_no_span_begins_before_what_the_splitter_said_it_needs(parts: list[tuple[int, float]], preset: Preset) -> None:
    splitter, levels, needed = Splitter(preset), drawn(parts), 0
    for at in range(0, len(levels), 130):
        spans = splitter.feed(levels[at : at + 130])
        assert all(span.start_ms >= needed for span in spans)
        assert splitter.needed_from_ms >= needed
        needed = splitter.needed_from_ms
    assert all(span.start_ms >= needed for span in splitter.finish(len(levels) * 10))


def test_silence_gives_no_span() -> None:
    assert split(levels_of((60_000, -100.0))) == []
    assert split(levels_of((60_000, -62.0))) == []
    assert split([]) == []


def test_speech_under_200_ms_alone_gives_no_span() -> None:
    assert split(levels_of((190, SPEECH))) == []
    assert split(levels_of((5_000, HUSH), (190, SPEECH), (5_000, HUSH))) == []
    assert times(split(levels_of((5_000, HUSH), (200, SPEECH), (5_000, HUSH)))) == [(4_700, 5_500)]


def test_a_short_word_near_others_is_kept() -> None:
    spans = split(levels_of((3_000, SPEECH), (1_000, HUSH), (100, SPEECH), (3_000, HUSH)))
    assert times(spans) == [(0, 4_400)]


def test_first_and_last_sounds_keep_their_padding() -> None:
    assert times(split(levels_of((1_000, HUSH), (1_500, SPEECH), (4_000, HUSH)))) == [(700, 2_800)]


def test_long_silence_is_in_no_span() -> None:
    spans = split(levels_of((3_000, SPEECH), (600_000, HUSH), (3_000, SPEECH)))
    assert times(spans) == [(0, 3_300), (602_700, 606_000)]


def test_a_span_ends_in_the_middle_of_the_longest_pause() -> None:
    levels = levels_of(
        (12_000, SPEECH), (340, HUSH), (4_000, SPEECH), (500, HUSH), (4_000, SPEECH), (340, HUSH), (9_000, SPEECH)
    )
    first, second = split(levels)
    assert first.end_ms == second.start_ms == 12_000 + 340 + 4_000 + 250


def test_of_a_pause_longer_than_the_padding_the_middle_is_left_out() -> None:
    first, second = split(levels_of((20_000, SPEECH), (1_000, HUSH), (9_000, SPEECH)))
    assert (first.end_ms, second.start_ms) == (20_300, 20_700)


def test_pauses_before_the_soft_length_are_not_cut_at() -> None:
    levels = levels_of((4_000, SPEECH), (900, HUSH), (18_000, SPEECH), (320, HUSH), (9_000, SPEECH))
    assert split(levels)[0].end_ms == 4_000 + 900 + 18_000 + 160


def test_without_a_pause_the_cut_is_at_the_quietest_place_of_the_last_seconds() -> None:
    levels = levels_of((47_000, SPEECH), (200, -26.0), (30_000, SPEECH))
    assert split(levels)[0] == Span(0, 0, 47_100)


def test_without_any_quieter_place_spans_are_as_long_as_they_may() -> None:
    spans = split(levels_of((300_000, -10.0)))
    assert all(54_000 < span.end_ms - span.start_ms <= 55_000 for span in spans[:-1])
    assert all(one.end_ms == other.start_ms for one, other in pairwise(spans))
    assert (spans[0].start_ms, spans[-1].end_ms) == (0, 300_000)


def test_pauses_are_found_above_steady_noise() -> None:
    noisy = -48.0
    levels = levels_of((5_000, noisy), (3_000, SPEECH), (8_000, noisy), (3_000, SPEECH), (5_000, noisy))
    assert len(split(levels)) == 3  # the first seconds are sent, as no noise floor is known yet
    assert times(split(levels))[1:] == [(4_700, 8_300), (15_700, 19_300)]


def test_noise_that_could_drown_speech_is_sent_however_steady() -> None:
    levels = levels_of((120_000, LOUDEST_SILENCE_DBFS + 0.1))
    assert sum(span.end_ms - span.start_ms for span in split(levels)) == 120_000


def test_subtitles_are_short() -> None:
    sentence = [(900, SPEECH), (260, HUSH), (1_500, SPEECH), (400, HUSH)]
    spans = split(levels_of(*(sentence * 20)), SUBTITLES)
    assert all(span.end_ms - span.start_ms <= 6_500 for span in spans)
    assert len(spans) >= 9


def test_the_last_span_ends_with_the_recording() -> None:
    splitter = Splitter(DOCUMENT, channel=1)
    splitter.feed(levels_of((5_010, SPEECH)))
    assert splitter.finish(5_003) == [Span(1, 0, 5_003)]


def test_a_lower_limit_of_the_service_is_kept_to() -> None:
    tight = DOCUMENT.within(8_005)
    assert (tight.limit_ms, tight.target_ms, tight.soft_ms) == (8_000, 8_000, 4_000)
    assert DOCUMENT.within(60_000) == DOCUMENT
    with pytest.raises(ValueError, match="cannot be cut"):
        DOCUMENT.within(1_000)


def test_the_presets_stay_under_the_protocols_limit_of_60_s() -> None:
    assert all(preset.limit_ms < 60_000 for preset in PRESETS.values())
    assert all(preset.skip_ms > 2 * preset.pad_ms for preset in PRESETS.values())
