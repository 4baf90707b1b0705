"""Each number of a preset can be set, and what is not set gives way to it."""

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.split.presets import BOUNDS, PRESETS, Preset, preset_of
from worker.states import Segmentation


@pytest.mark.parametrize("name", PRESETS)
def test_without_numbers_it_is_the_preset_itself(name: str) -> None:
    assert preset_of(name, {}) == PRESETS[name]


def test_presets_are_named_as_segmentations_are() -> None:
    assert set(PRESETS) == set(Segmentation) - {Segmentation.SERVER_VAD}
    assert set(BOUNDS) == set(Preset.__dataclass_fields__)


@pytest.mark.parametrize("name", BOUNDS)
def test_each_number_can_be_set(name: str) -> None:
    value = {"soft_ms": 5000, "skip_ms": 900}.get(name, 600 if name in {"pause_ms", "pad_ms"} else 12_000)
    assert asdict(preset_of("document", {name: value}))[name] == value


@given(
    st.sampled_from(sorted(PRESETS)),
    st.fixed_dictionaries({}, optional={name: st.integers(*bounds) for name, bounds in BOUNDS.items()}),
)
def test_what_was_set_stands_and_the_whole_can_be_cut_by(name: str, numbers: dict[str, int]) -> None:
    try:
        preset = preset_of(name, numbers)
    except ValueError as error:
        assert any(number in str(error) for number in BOUNDS)  # noqa: PT017  # which it is depends on the numbers
        return
    made = asdict(preset)
    assert {number: made[number] for number in numbers} == numbers
    assert preset.soft_ms <= preset.target_ms <= preset.limit_ms < 60_000
    assert max(preset.pad_ms, preset.pause_ms) <= preset.skip_ms
    assert preset.look_back_ms <= preset.limit_ms


@given(st.sampled_from(sorted(PRESETS)), st.data())
def test_one_number_within_its_bounds_is_always_taken(name: str, data: st.DataObject) -> None:
    number = data.draw(st.sampled_from(["target_ms", "limit_ms", "skip_ms", "pad_ms"]))
    value = data.draw(st.integers(*BOUNDS[number]))
    assert asdict(preset_of(name, {number: value}))[number] == value


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        ({"colour": 1}, "colour"),
        ({"pause_ms": 49}, "pause_ms must lie between 50"),
        ({"limit_ms": 60_000}, "limit_ms"),
        ({"target_ms": 20_000, "limit_ms": 10_000}, "target_ms"),
        ({"pad_ms": 1000, "skip_ms": 500}, "pad_ms"),
        ({"soft_ms": 30_000}, "soft_ms"),
    ],
)
def test_what_cannot_be_is_refused_by_name(numbers: dict[str, int], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        preset_of("document", numbers)


def test_where_the_service_cuts_there_is_nothing_to_set() -> None:
    assert preset_of("server_vad", {}) == PRESETS["document"]
    with pytest.raises(ValueError, match="document or subtitles"):
        preset_of("server_vad", {"pause_ms": 200})
