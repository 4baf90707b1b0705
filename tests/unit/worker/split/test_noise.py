"""What is silence, by a floor that looks back only."""

from itertools import chain

from worker.split.levels import BLOCK_FRAMES, LOUDEST_SILENCE_DBFS, Frame, NoiseGate


def frames_of(*stretches: tuple[int, float]) -> list[Frame]:
    """The frames of (seconds, dBFS) after one another."""
    gate = NoiseGate()
    levels = list(chain.from_iterable([level] * (seconds * BLOCK_FRAMES) for seconds, level in stretches))
    return gate.feed(levels)[0] + gate.finish()[0]


def test_steady_noise_becomes_silence_once_it_is_known() -> None:
    frames = frames_of((10, -50.0))
    assert set(frames[:300]) == {Frame.SOUND}
    assert set(frames[300:]) == {Frame.SILENCE}


def test_what_comes_later_changes_nothing() -> None:
    beginning = [(4, -50.0), (2, -20.0), (3, -55.0)]
    assert frames_of(*beginning, (30, -90.0))[:900] == frames_of(*beginning, (30, -10.0))[:900]


def test_loud_noise_is_a_lull_between_louder_sounds_and_never_silence() -> None:
    frames = frames_of((5, -35.0), (5, -10.0), (2, -35.0))
    assert LOUDEST_SILENCE_DBFS < -35.0
    assert set(frames[1000:]) == {Frame.LULL}


def test_where_all_is_as_loud_nothing_is_a_lull() -> None:
    assert set(frames_of((60, -15.0))) == {Frame.SOUND}


def test_a_floor_is_forgotten_after_half_a_minute() -> None:
    frames = frames_of((10, -90.0), (40, -50.0))
    assert frames[1000] is Frame.SOUND
    assert frames[-1] is Frame.SILENCE


def test_a_part_of_a_second_comes_with_the_end() -> None:
    gate = NoiseGate()
    assert gate.feed([-20.0] * 150) == ([Frame.SOUND] * 100, [-20.0] * 100)
    assert gate.finish() == ([Frame.SOUND] * 50, [-20.0] * 50)
