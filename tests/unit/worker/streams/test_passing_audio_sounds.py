"""Where a stream sounds."""

from collections.abc import Iterable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.sounds import Samples, noise, silence
from worker.streams.passing_audio import JOIN_MS, SoundSpans


def heard(samples: Samples, from_ms: int = 0) -> SoundSpans:
    sounds = SoundSpans(from_ms)
    pcm = samples.astype("<i2").tobytes()
    frames = [pcm[start : start + 32_000] for start in range(0, len(pcm), 32_000)]
    assert list(sounds.through(frames)) == frames
    return sounds


def joined(parts: Iterable[Samples]) -> Samples:
    return np.concatenate(list(parts))


def test_silence_has_no_sound() -> None:
    sounds = heard(silence(5000), 2000)
    assert (sounds.first_behind(0), sounds.until_ms) == (None, 7000)


def test_sound_is_found_where_it_begins_and_where_it_goes_on() -> None:
    sounds = heard(joined([silence(2500), noise(3000), silence(4000), noise(500)]), 10_000)

    assert sounds.first_behind(10_000) == 12_500
    assert sounds.first_behind(14_000) == 14_000
    assert sounds.first_behind(16_000) == 19_500
    assert sounds.first_behind(20_000) is None


def test_a_faint_recording_is_no_silence() -> None:
    assert heard(noise(1000, dbfs=-65)).first_behind(0) == 0
    assert heard(noise(1000, dbfs=-80)).first_behind(0) is None


def test_what_ended_before_is_forgotten() -> None:
    sounds = heard(joined([noise(1000), silence(3000), noise(1000)]))
    sounds.forget(1000)
    assert sounds.first_behind(0) == 4000


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 300)), min_size=1, max_size=12), st.integers(0, 30_000))
def test_no_sound_is_ever_passed_over(parts: list[tuple[bool, int]], ms: int) -> None:
    samples = joined(noise(10 * tens) if loud else silence(10 * tens) for loud, tens in parts)
    loud_ms = np.flatnonzero(samples.reshape(-1, 16).any(axis=1))
    behind = loud_ms[loud_ms >= ms]
    first_ms = heard(samples).first_behind(ms)

    if first_ms is None:
        assert not len(behind)
    elif len(behind):
        assert ms <= first_ms <= behind[0]
        assert behind[0] - first_ms <= 1000 + JOIN_MS
