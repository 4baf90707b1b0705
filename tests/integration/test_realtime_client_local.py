"""Both ends of the protocol together: our client with the local service."""

import numpy as np
import pytest

from realtime.client.options import Deadlines, SessionOptions
from realtime.client.session import Session
from realtime.protocol.conversation.outcomes import Answered
from realtime.protocol.errors import KeyRefused, RateLimited, RealtimeError, RequestRejected
from realtime.protocol.events import TurnDetection
from realtime.service.engines.scripted_engine import words_of
from tests.fixtures.paths import SAMPLES
from tests.fixtures.pcm import silence, tone
from tests.fixtures.recognizer import RunningRecognizer, StartRecognizer

WAV_HEADER_BYTES = 44
SAMPLE = SAMPLES / "river.wav"


def open_session(service: RunningRecognizer, **more: object) -> Session:
    return Session.open(SessionOptions(**{"url": service.url, "model": "scripted", **more}))  # type: ignore[arg-type]  # as the test says


def test_many_segments_of_one_session_are_each_answered_with_their_own_words(recognizer: RunningRecognizer) -> None:
    session = open_session(recognizer, language="en")
    for number in range(20):
        pcm = tone(700, hz=200 + number)
        result = session.transcribe(pcm)
        assert result.text == " ".join(words_of(pcm))
        assert (result.language, session.model) == ("en", "scripted")
    session.finish()


def test_segments_may_be_sent_ahead(start_recognizer: StartRecognizer) -> None:
    session = open_session(start_recognizer(latency_ms=30.0), depth=4)
    segments = [tone(500, hz=200 + number) for number in range(12)]
    pending = [session.submit(pcm) for pcm in segments]
    assert [one.result().text for one in pending] == [" ".join(words_of(pcm)) for pcm in segments]
    session.finish()


def test_a_commit_of_silence_is_answered_with_nothing(recognizer: RunningRecognizer) -> None:
    session = open_session(recognizer)
    assert session.transcribe(silence(1000)).text == ""
    session.finish()


def test_previews_come_while_it_recognises(start_recognizer: StartRecognizer) -> None:
    session = open_session(start_recognizer(speed=1.0))
    previews: list[str] = []
    text = session.transcribe(tone(2000), on_preview=previews.append).text
    assert previews
    # How words are joined is up to the engine.
    assert all(text.replace(" ", "").startswith(preview.replace(" ", "")) for preview in previews)
    session.finish()


def test_a_stream_comes_back_as_utterances_with_their_times(recognizer: RunningRecognizer) -> None:
    session = open_session(recognizer, turn_detection=TurnDetection(silence_duration_ms=400))
    audio = silence(500) + tone(1500) + silence(1500) + tone(1000, hz=300) + silence(1000)
    ends = list(session.stream([audio[start : start + 3200] for start in range(0, len(audio), 3200)]))

    assert all(isinstance(end, Answered) and end.result.text for end in ends)
    starts = [end.start_ms for end in ends if isinstance(end, Answered)]
    stops = [end.end_ms for end in ends if isinstance(end, Answered)]
    assert starts == pytest.approx([500, 3500], abs=350)
    assert stops == pytest.approx([2000, 4500], abs=350)


def test_a_stream_of_silence_has_no_utterance(recognizer: RunningRecognizer) -> None:
    session = open_session(recognizer, turn_detection=TurnDetection())
    assert list(session.stream([silence(3000)])) == []


def test_eight_kilohertz_is_understood(recognizer: RunningRecognizer) -> None:
    session = open_session(recognizer, sample_rate=8000)
    assert session.transcribe(tone(1000, rate=8000)).text
    session.finish()


def test_a_key_is_asked_for_at_the_door(start_recognizer: StartRecognizer) -> None:
    service = start_recognizer(keys=frozenset({"sk-right"}))
    open_session(service, key="sk-right").finish()
    for key in ("sk-wrong", None):
        with pytest.raises(KeyRefused):
            open_session(service, key=key)


def test_a_limit_of_sessions_is_a_limit_to_the_client(start_recognizer: StartRecognizer) -> None:
    service = start_recognizer(max_sessions=1)
    first = open_session(service)
    with pytest.raises(RateLimited) as caught:
        open_session(service)
    assert caught.value.retry_after_s
    first.finish()


def test_options_that_the_service_cannot_do_are_rejected(recognizer: RunningRecognizer) -> None:
    with pytest.raises(RequestRejected):
        open_session(recognizer, sample_rate=24000)


def test_a_segment_that_is_too_long_is_rejected_and_does_not_spoil_the_next(recognizer: RunningRecognizer) -> None:
    session = open_session(recognizer)
    with pytest.raises(RequestRejected):
        session.transcribe(bytes(61 * 32000))
    if not session.alive:
        session = open_session(recognizer)
    assert session.transcribe(tone(500)).text == " ".join(words_of(tone(500)))
    session.finish()


@pytest.mark.parametrize("fault", ["fail:0.5", "reset:0.5", "error:0.5"])
def test_the_faults_of_the_scripted_engine_are_errors_and_never_wrong_words(
    start_recognizer: StartRecognizer, fault: str
) -> None:
    service = start_recognizer(fault=fault)
    ends = [attempt(service, tone(300, hz=200 + number)) for number in range(10)]
    assert {True, False} == set(ends)


def attempt(service: RunningRecognizer, pcm: bytes) -> bool:
    """True where the segment was answered rightly, False where an error was raised."""
    session = open_session(service, deadlines=Deadlines(first_answer_s=2, close_s=0.2))
    try:
        assert session.transcribe(pcm).text == " ".join(words_of(pcm))
    except RealtimeError:
        return False
    finally:
        session.close()
    return True


def test_speech_is_recognised(pocketsphinx_recognizer: RunningRecognizer) -> None:
    pcm = SAMPLE.read_bytes()[WAV_HEADER_BYTES:][: 10 * 32000]
    assert np.frombuffer(pcm, dtype="<i2").any()
    session = open_session(pocketsphinx_recognizer, model="pocketsphinx-en-us")
    assert len(session.transcribe(pcm).text.split()) > 5
    assert session.model == "pocketsphinx-en-us"
    session.finish()
