import numpy as np
import pytest

from realtime.protocol.vad import VoiceDetector
from worker.probing.speech import BYTES_PER_S, silence, speech


@pytest.mark.parametrize("seconds", [0.0, 0.1, 1.05, 8.0])
def test_it_is_as_long_as_was_asked(seconds: float) -> None:
    assert len(speech(seconds)) == int(seconds * BYTES_PER_S)
    assert len(silence(seconds)) == int(seconds * BYTES_PER_S)


def test_a_detector_of_speech_hears_speech_in_it_and_none_in_silence() -> None:
    heard = VoiceDetector()
    assert [*heard.feed(speech(3.0)), *heard.finish()]
    deaf = VoiceDetector()
    assert not [*deaf.feed(silence(3.0)), *deaf.finish()]


def test_it_is_as_loud_as_speech_and_does_not_clip() -> None:
    samples = np.frombuffer(speech(5.0), dtype="<i2")
    level_db = 20 * np.log10(np.sqrt(np.mean((samples / 32768) ** 2)))
    assert -35 < level_db < -12
    assert np.abs(samples).max() < 20_000


def test_each_seed_is_another_sound_and_the_same_seed_the_same() -> None:
    assert speech(1.0, 1) == speech(1.0, 1)
    assert speech(1.0, 1) != speech(1.0, 2)
