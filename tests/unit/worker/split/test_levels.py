"""How loud each 10 ms are."""

import pytest

from tests.fixtures.sounds import audio, noise, silence, tone
from worker.split.levels import SILENCE_DBFS, frame_levels


@pytest.mark.parametrize("dbfs", [-6, -20, -50])
def test_the_level_of_a_tone_is_its_rms(dbfs: int) -> None:
    assert all(abs(level - dbfs) < 0.4 for level in frame_levels(audio(tone(100, hz=1000, dbfs=dbfs))))


def test_it_agrees_with_pydub() -> None:
    sound = audio(noise(500))
    ours = frame_levels(sound)
    assert all(abs(sound[at * 10 : at * 10 + 10].dBFS - level) < 0.1 for at, level in enumerate(ours))


def test_digital_silence_has_a_level() -> None:
    assert frame_levels(audio(silence(30))) == [SILENCE_DBFS] * 3


def test_a_part_of_a_frame_at_the_end_counts_as_one() -> None:
    assert len(frame_levels(audio(tone(1000)[:161]))) == 2
    assert frame_levels(audio(tone(0))) == []
