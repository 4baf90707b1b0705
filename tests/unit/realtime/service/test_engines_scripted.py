"""The scripted engine: its text is a function of the PCM alone."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.engine import Answer, Hypothesis, Segment
from realtime.service.engines.scripted_engine import ScriptedEngine, words_of
from tests.fixtures.pcm import silence, tone


def recognise(engine: ScriptedEngine, pcm: bytes, language: str | None = None) -> tuple[Answer, list[Hypothesis]]:
    previews: list[Hypothesis] = []
    segment = Segment(item_id="item_1", pcm=pcm, language=language)
    return asyncio.run(engine.recognise(segment, previews.append)), previews


def test_the_text_has_two_words_for_each_second_of_audio() -> None:
    assert [len(words_of(tone(ms))) for ms in (100, 500, 1_000, 7_250, 60_000)] == [1, 1, 2, 14, 120]


def test_silence_has_no_words() -> None:
    assert words_of(silence(3_000)) == words_of(b"") == []


@given(st.binary(min_size=2, max_size=400))
def test_the_same_audio_gives_the_same_words(pcm: bytes) -> None:
    assert words_of(pcm * 200) == words_of(pcm * 200)


def test_one_sample_makes_another_text() -> None:
    pcm = tone(5_000)

    texts = {" ".join(words_of(pcm[:at] + b"\x07\x07" + pcm[at + 2 :])) for at in range(0, 2_000, 20)}

    assert len(texts) == 100


def test_the_answer_is_in_the_language_that_was_asked_for() -> None:
    answer, _ = recognise(ScriptedEngine(), tone(1_000), "de")

    assert (answer.language, answer.emotion) == ("de", "neutral")
    assert answer.text == " ".join(words_of(tone(1_000)))


def test_previews_on_the_way_grow_into_the_answer() -> None:
    answer, previews = recognise(ScriptedEngine(latency_ms=1_600), tone(4_000))

    shown = [" ".join(filter(None, (preview.text, preview.stash))) for preview in previews]
    assert len(shown) == 3
    assert all(answer.text.startswith(text) for text in shown)
    assert shown == sorted(shown, key=len)


@pytest.mark.parametrize(
    ("latency_ms", "speed", "expected_ms"), [(0, 0, 0), (250, 0, 250), (0, 10, 400), (100, 20, 300)]
)
def test_the_time_it_takes_is_latency_and_length_by_speed(latency_ms: float, speed: float, expected_ms: float) -> None:
    slept: list[float] = []

    async def measured() -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await ScriptedEngine(latency_ms=latency_ms, speed=speed).recognise(
            Segment(item_id="item_1", pcm=tone(4_000)), lambda _: None
        )
        slept.append((loop.time() - begin) * 1000)

    asyncio.run(measured())
    assert slept[0] >= expected_ms - 5


def test_another_model_hears_some_words_otherwise_and_always_the_same_ones() -> None:
    pcm = bytes(range(256)) * 32 * 500  # 128 s
    old, new = words_of(pcm), words_of(pcm, "scripted-2")
    assert words_of(pcm, "scripted-2") == new
    assert len(new) == len(old) == 256
    assert 5 < sum(one != other for one, other in zip(old, new, strict=True)) < 60
    assert words_of(pcm, "scripted-3") != new
