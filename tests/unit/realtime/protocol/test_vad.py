"""Speech and pauses, on sounds made here."""

import json
import wave
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.protocol.vad import FRAME_MS, MAX_TURN_MS, SpeechStarted, SpeechStopped, Turn, VadSettings, VoiceDetector
from tests.fixtures.paths import SAMPLES
from tests.fixtures.pcm import mix, noise, silence, tone


def turns_of(pcm: bytes, *, piece_bytes: int = 3_200, **options: float) -> list[Turn]:
    detector = VoiceDetector(VadSettings(**options))  # type: ignore[arg-type]  # ints where ints are wanted
    pieces = [pcm[start : start + piece_bytes] for start in range(0, len(pcm), piece_bytes)]
    return [turn for piece in pieces for turn in detector.feed(piece)] + list(detector.finish())


def spans(turns: list[Turn]) -> list[tuple[int, int]]:
    starts = [turn.at_ms for turn in turns if isinstance(turn, SpeechStarted)]
    stops = [turn.at_ms for turn in turns if isinstance(turn, SpeechStopped)]
    assert len(starts) == len(stops)
    return list(zip(starts, stops, strict=True))


def test_silence_has_no_turns() -> None:
    assert turns_of(silence(5_000)) == []


def test_steady_noise_has_no_turns() -> None:
    assert turns_of(noise(8_000, amplitude=100)) == []


def test_a_turn_is_where_the_sound_is_without_the_silence_that_proved_its_end() -> None:
    ((start, end),) = spans(turns_of(silence(1_000) + tone(600) + silence(2_000)))

    assert start == pytest.approx(1_000, abs=FRAME_MS)
    assert end == pytest.approx(1_600, abs=FRAME_MS)


def test_the_end_is_said_as_soon_as_the_silence_is_long_enough() -> None:
    detector = VoiceDetector(VadSettings(silence_duration_ms=400))
    assert [type(turn) for turn in detector.feed(silence(500) + tone(500))] == [SpeechStarted]
    assert list(detector.feed(silence(380))) == []
    assert [type(turn) for turn in detector.feed(silence(40))] == [SpeechStopped]


@pytest.mark.parametrize(("silence_duration_ms", "turns"), [(200, 3), (800, 2), (1_600, 1)])
def test_a_longer_silence_duration_joins_what_shorter_pauses_part(silence_duration_ms: int, turns: int) -> None:
    pcm = silence(500) + tone(500) + silence(500) + tone(500) + silence(1_200) + tone(500) + silence(500)

    assert len(spans(turns_of(pcm, silence_duration_ms=silence_duration_ms))) == turns


@pytest.mark.parametrize(("threshold", "turns"), [(-1.0, 1), (0.2, 1), (1.0, 0)])
def test_a_higher_threshold_does_not_hear_what_barely_stands_out(threshold: float, turns: int) -> None:
    background = noise(10_000, amplitude=60)
    faint = silence(8_000) + tone(800, amplitude=500) + silence(1_200)

    assert len(turns_of(mix(background, faint), threshold=threshold)) == turns * 2


def test_a_lower_threshold_hears_what_is_hardly_louder_than_the_noise() -> None:
    background = noise(10_000, amplitude=60)
    fainter = silence(8_000) + tone(800, amplitude=150) + silence(1_200)

    assert spans(turns_of(mix(background, fainter), threshold=-1.0)) != []
    assert spans(turns_of(mix(background, fainter), threshold=0.2)) == []


def test_a_click_is_no_speech() -> None:
    assert turns_of(silence(1_000) + tone(30) + silence(1_000)) == []


def test_a_constant_offset_is_no_sound() -> None:
    assert turns_of(b"\x00\x20" * 32_000) == []


def test_a_stream_may_begin_with_speech() -> None:
    assert spans(turns_of(tone(700) + silence(1_500)))[0] == (0, 700)


def test_speech_over_noise_is_found() -> None:
    background = noise(9_000, amplitude=120)
    speech = silence(5_000) + tone(1_000) + silence(3_000)

    ((start, end),) = spans(turns_of(mix(background, speech)))

    assert start == pytest.approx(5_000, abs=2 * FRAME_MS)
    assert end == pytest.approx(6_000, abs=2 * FRAME_MS)


def test_a_turn_without_end_is_cut_where_it_is_quietest() -> None:
    syllables = (tone(900) + tone(100, amplitude=500)) * 60
    dip_ms = 47_500
    pcm = silence(500) + syllables[: (dip_ms - 500) * 32] + silence(40) + syllables

    found = turns_of(pcm)

    cut = next(turn for turn in found if isinstance(turn, SpeechStopped))
    assert cut.cut
    assert cut.at_ms == pytest.approx(dip_ms, abs=2 * FRAME_MS)
    assert SpeechStarted(cut.at_ms) in found
    assert all(end - start <= MAX_TURN_MS for start, end in spans(found))


def test_a_sound_that_never_dips_becomes_the_floor() -> None:
    ((_, end),) = spans(turns_of(silence(500) + tone(20_000)))

    assert end < 10_000


def test_an_open_turn_ends_with_the_stream() -> None:
    assert spans(turns_of(silence(500) + tone(700)))[0][1] == 1_200


def test_turns_of_a_real_voice_begin_and_end_with_its_words() -> None:
    with wave.open(str(SAMPLES / "river.wav")) as sample:
        found = spans(turns_of(sample.readframes(sample.getnframes())))
    words = json.loads((SAMPLES / "river.words.json").read_text())

    pauses = [
        (left["end_ms"], right["start_ms"])
        for left, right in pairwise(words)
        if right["start_ms"] - left["end_ms"] > 800
    ]
    starts = [words[0]["start_ms"], *(start for _, start in pauses)]
    ends = [*(end for end, _ in pauses), words[-1]["end_ms"]]
    assert [start for start, _ in found] == [pytest.approx(start, abs=100) for start in starts]
    assert [end for _, end in found] == [pytest.approx(end, abs=150) for end in ends]


@settings(max_examples=30, deadline=None)
@given(
    parts=st.lists(st.tuples(st.booleans(), st.integers(1, 1_500)), max_size=8),
    piece_bytes=st.integers(1, 5_000).map(lambda half: half * 2),
    silence_duration_ms=st.integers(200, 1_500),
)
def test_how_the_stream_is_cut_into_pieces_changes_nothing(
    parts: list[tuple[bool, int]], piece_bytes: int, silence_duration_ms: int
) -> None:
    pcm = b"".join(tone(ms) if loud else silence(ms) for loud, ms in parts)

    whole = turns_of(pcm, piece_bytes=len(pcm) or 2, silence_duration_ms=silence_duration_ms)

    assert turns_of(pcm, piece_bytes=piece_bytes, silence_duration_ms=silence_duration_ms) == whole
    ordered = [moment for span in spans(whole) for moment in span]
    assert ordered == sorted(ordered)
