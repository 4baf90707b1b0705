"""PocketSphinx on real speech: good words, the same ones each time, and drafts on the way."""

import asyncio
import wave
from collections.abc import Iterator

import pytest

from realtime.protocol.engine import Hypothesis, Segment
from realtime.service.engines.pocketsphinx_engine import PocketSphinxEngine, SphinxListening
from realtime.service.engines.sphinx import SphinxListener, SphinxRecognizer, phrases
from tests.fixtures.paths import SAMPLES
from tests.fixtures.pcm import noise, silence, tone

SENTENCE = "the river was high in the spring of that year"


@pytest.fixture(scope="module")
def recognizer() -> SphinxRecognizer:
    return SphinxRecognizer()


@pytest.fixture(scope="module")
def speech() -> bytes:
    """The first two sentences of a sample, 9.6 seconds."""
    with wave.open(str(SAMPLES / "river.wav")) as sample:
        return bytes(sample.readframes(16_000 * 96 // 10))


@pytest.fixture
def sentence(speech: bytes) -> bytes:
    return speech[: 32 * 3_700]


def last(previews: Iterator[Hypothesis]) -> str:
    *_, final = previews
    assert final.stash == ""
    return final.text


def test_a_clear_voice_is_understood(recognizer: SphinxRecognizer, sentence: bytes) -> None:
    assert last(recognizer.recognise(sentence)) == SENTENCE


def test_confirmed_words_stay_and_drafts_follow_them(recognizer: SphinxRecognizer, speech: bytes) -> None:
    previews = list(recognizer.recognise(speech))

    final = previews[-1].text
    assert len({preview.text for preview in previews}) == 3
    assert all(final.startswith(preview.text) for preview in previews)
    assert any(preview.text == SENTENCE and preview.stash.startswith("my father") for preview in previews)


def test_the_answer_does_not_depend_on_what_came_before(recognizer: SphinxRecognizer, sentence: bytes) -> None:
    few_words = sentence[: 32 * 2_000]
    first = list(recognizer.recognise(few_words))
    last(recognizer.recognise(noise(1_000, amplitude=3_000)))

    assert list(recognizer.recognise(few_words)) == first


@pytest.mark.parametrize("pcm", [b"", silence(2_000), tone(90), tone(500, amplitude=5)])
def test_silence_and_snippets_have_no_words(recognizer: SphinxRecognizer, pcm: bytes) -> None:
    assert last(recognizer.recognise(pcm)) == ""


def test_phrases_are_the_whole_audio_cut_in_its_pauses(speech: bytes) -> None:
    found = list(phrases(speech))

    assert b"".join(found) == speech
    assert len(found) == 2
    assert 3_300 < len(found[0]) // 32 < 4_100


def test_a_listener_drafts_while_audio_comes_in(sentence: bytes) -> None:
    listener = SphinxListener()
    drafts = [listener.hear(sentence[start : start + 32_000], fresh=not start) for start in range(0, 96_000, 32_000)]

    assert [draft.text for draft in drafts] == ["", "", ""]
    assert "river" in drafts[-1].stash
    assert "river" not in listener.hear(silence(500), fresh=True).stash


def test_the_engine_recognises_in_processes_and_listens_meanwhile(speech: bytes, sentence: bytes) -> None:
    async def run() -> tuple[str, Hypothesis | None]:
        engine = PocketSphinxEngine(processes=1)
        await engine.start()
        try:
            listening = engine.listen()
            assert isinstance(listening, SphinxListening)
            draft = await listening.hear(sentence[:96_000])
            listening.close()
            answer = await engine.recognise(Segment(item_id="item_1", pcm=sentence), lambda _: None)
        finally:
            await engine.close()
        return answer.text, draft

    text, draft = asyncio.run(run())
    assert text == SENTENCE
    assert draft is not None
    assert "river" in draft.stash
