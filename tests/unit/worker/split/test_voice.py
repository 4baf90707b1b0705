"""With `voice` only what has speech in it is sent: real speech is, music and noise are not."""

import json

import numpy as np
import pytest

from tests.fixtures.cutting import DOCUMENT, SUBTITLES, cut_up, spans
from tests.fixtures.paths import SAMPLES
from tests.fixtures.sounds import Samples, audio, music, noise, read_samples, silence
from worker.split.cutting import VoiceDetector
from worker.split.spans import Span

RIVER = read_samples(SAMPLES / "river.wav")
WORDS = json.loads((SAMPLES / "river.words.json").read_text())
LENGTH_MS = len(RIVER) // 16
GAP = silence(4000)
# speech from 0, music from LENGTH_MS + 4 s, noise, and speech once more
BROADCAST = np.concatenate([RIVER, GAP, music(40_000), GAP, noise(20_000, dbfs=-25), GAP, RIVER, GAP])
SECOND_MS = LENGTH_MS + 4000 + 40_000 + 4000 + 20_000 + 4000


def speaks(sound: Samples) -> bool:
    return VoiceDetector().hears_speech(audio(sound))


def test_speech_is_heard_also_where_there_is_little_of_it_among_music() -> None:
    phrase = RIVER[WORDS[0]["start_ms"] * 16 :][:32_000]
    assert speaks(phrase)
    assert speaks(np.concatenate([music(10_000), phrase, music(10_000)]))


@pytest.mark.parametrize("sound", [music(20_000), music(20_000, seed=7), noise(20_000), silence(5000), silence(0)])
def test_music_and_noise_are_none(sound: Samples) -> None:
    assert not speaks(sound)


def test_a_piece_is_judged_by_itself_whatever_came_before() -> None:
    detector = VoiceDetector()
    judged = [detector.hears_speech(audio(sound)) for sound in (RIVER, music(5000), RIVER, noise(5000))]
    assert judged == [True, False, True, False]


def test_without_it_everything_that_sounds_is_sent() -> None:
    sent = sum(span.end_ms - span.start_ms for span in spans(cut_up(BROADCAST)))
    assert sent > 2 * LENGTH_MS + 50_000


@pytest.mark.parametrize("preset", [DOCUMENT, SUBTITLES])
def test_with_it_speech_is_sent_whole_and_the_rest_is_not(preset: object) -> None:
    cutting = cut_up(BROADCAST, preset=preset, voice=True)
    found = spans(cutting)
    for offset_ms in (0, SECOND_MS):
        assert all(_covered(found, word["start_ms"] + offset_ms, word["end_ms"] + offset_ms) for word in WORDS)
    assert all(span.end_ms <= LENGTH_MS + 1000 or span.start_ms >= SECOND_MS - 1000 for span in found)
    assert cutting.audio_ms == len(BROADCAST) // 16


def test_a_later_attempt_judges_what_was_left_out_as_the_first_did() -> None:
    little = np.concatenate([RIVER, GAP, music(8000), GAP, noise(4000, dbfs=-25), GAP, RIVER, GAP])
    whole = spans(cut_up(little, voice=True))
    assert len(whole) > 3
    for kept in range(len(whole)):
        assert spans(cut_up(little, voice=True, stored=whole[:kept])) == whole


def test_what_an_earlier_attempt_has_stored_is_sent_whatever_is_in_it() -> None:
    stored = Span(0, 0, 5000)
    assert spans(cut_up(music(20_000), voice=True, stored=[stored])) == [stored]


def _covered(found: list[Span], start_ms: int, end_ms: int) -> bool:
    return any(span.start_ms <= start_ms and end_ms <= span.end_ms for span in found)
