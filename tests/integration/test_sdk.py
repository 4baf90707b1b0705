"""The vendor's own SDK against the local service, as its user would drive it: both generations, both modes."""

import base64
import re
import threading
import wave
from collections.abc import Iterator
from typing import Any

import jiwer
import numpy as np
import pytest
import soxr
from dashscope import Client
from dashscope.audio.qwen_omni import MultiModality, OmniRealtimeCallback, OmniRealtimeConversation
from dashscope.audio.qwen_omni.omni_realtime import TranscriptionParams
from dashscope.v2.errors import DashScopeError

from realtime.service.engines.scripted_engine import words_of
from tests.fixtures.paths import SAMPLES
from tests.fixtures.recognizer import RunningRecognizer, StartRecognizer

FRAME_BYTES = 3200
MODEL = "qwen3-asr-flash-realtime"
PREFIX = "conversation.item.input_audio_transcription."
DEADLINE_S = 90

pytestmark = pytest.mark.filterwarnings("ignore:dashscope 2.0 audio API is a preview:FutureWarning")

Event = dict[str, Any]


@pytest.fixture(scope="module")
def speech() -> bytes:
    """Thirty seconds of a voice, seven sentences with pauses between them."""
    with wave.open(str(SAMPLES / "river.wav")) as sample:
        return bytes(sample.readframes(sample.getnframes()))


@pytest.fixture(scope="module")
def two_sentences(speech: bytes) -> tuple[bytes, str]:
    """The first nine seconds and what is said in them: PocketSphinx takes its time on a busy machine."""
    return speech[: 32 * 9_000], "".join((SAMPLES / "river.txt").read_text().splitlines(keepends=True)[:2])


def frames(pcm: bytes) -> Iterator[str]:
    for start in range(0, len(pcm), FRAME_BYTES):
        yield base64.b64encode(pcm[start : start + FRAME_BYTES]).decode()


def to_8_khz(pcm: bytes) -> bytes:
    samples = soxr.resample(np.frombuffer(pcm, dtype="<i2"), 16_000, 8_000)
    return bytes(samples.astype("<i2").tobytes())


def transcripts(events: list[Event]) -> list[str]:
    return [event["transcript"] for event in events if event["type"] == PREFIX + "completed"]


def word_errors(said: str, heard: str) -> float:
    return float(jiwer.wer(plain(said), plain(heard)))


def plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z' ]+", " ", text.lower()).split())


class Recorder(OmniRealtimeCallback):
    """Keeps what the SDK hands to its user."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._heard = threading.Condition()

    def on_event(self, message: Event) -> None:  # type: ignore[override]  # the SDK says str and hands over a dict
        with self._heard:
            self.events.append(message)
            self._heard.notify_all()

    def wait_for(self, kind: str, count: int = 1) -> None:
        with self._heard:
            assert self._heard.wait_for(lambda: self.count(kind) >= count, DEADLINE_S), self.types()

    def count(self, kind: str) -> int:
        return self.types().count(kind)

    def types(self) -> list[str]:
        return [event["type"] for event in self.events]


def first_generation(url: str, key: str = "sk-any") -> tuple[OmniRealtimeConversation, Recorder]:
    recorder = Recorder()
    conversation = OmniRealtimeConversation(model=MODEL, callback=recorder, url=url, api_key=key)
    conversation.connect()
    return conversation, recorder


def update(conversation: OmniRealtimeConversation, *, vad: bool, sample_rate: int = 16_000, **options: Any) -> None:  # noqa: ANN401  # what the SDK takes
    params = TranscriptionParams(language="en", sample_rate=sample_rate, input_audio_format="pcm")
    conversation.update_session(
        output_modalities=[MultiModality.TEXT],
        enable_turn_detection=vad,
        transcription_params=params,
        **options,
    )


def manual_first_generation(url: str, pcm: bytes, sample_rate: int = 16_000) -> list[Event]:
    """Update, audio, commit and finish back to back, as the vendor's samples do."""
    conversation, recorder = first_generation(url)
    update(conversation, vad=False, sample_rate=sample_rate)
    for frame in frames(pcm):
        conversation.append_audio(frame)
    conversation.commit()
    conversation.end_session(timeout=DEADLINE_S)
    conversation.close()
    return recorder.events


def vad_first_generation(url: str, pcm: bytes, sample_rate: int = 16_000) -> list[Event]:
    conversation, recorder = first_generation(url)
    update(conversation, vad=True, sample_rate=sample_rate)
    for frame in frames(pcm):
        conversation.append_audio(frame)
    conversation.end_session(timeout=DEADLINE_S)
    conversation.close()
    return recorder.events


def second_generation(url: str, pcm: bytes, *, vad: bool, sample_rate: int = 16_000, **options: Any) -> list[Event]:  # noqa: ANN401  # what the SDK takes
    with Client(api_key="sk-any", workspace="ws-test") as client:
        session = client.audio.realtime.connect(model=MODEL, ws_url=url, timeout=DEADLINE_S)
        params = {"language": "en", "sample_rate": sample_rate, "input_audio_format": "pcm"}
        with session:
            session.update_session(["text"], enable_turn_detection=vad, transcription_params=params, **options)
            for frame in frames(pcm):
                session.send_event({"type": "input_audio_buffer.append", "audio": frame})
            if not vad:
                session.send_event({"type": "input_audio_buffer.commit"})
            session.end_session()
            return list(session.events())


def test_manual_mode_answers_one_commit_with_its_text(recognizer: RunningRecognizer, speech: bytes) -> None:
    events = manual_first_generation(recognizer.url, speech)

    assert [event["type"] for event in events] == [
        "session.created",
        "session.updated",
        "input_audio_buffer.committed",
        "conversation.item.created",
        PREFIX + "completed",
        "session.finished",
    ]
    assert transcripts(events) == [" ".join(words_of(speech))]


def test_the_sdk_learns_its_session_s_id(recognizer: RunningRecognizer) -> None:
    conversation, recorder = first_generation(recognizer.url)
    recorder.wait_for("session.created")
    conversation.end_session()

    assert conversation.get_session_id() == recorder.events[0]["session"]["id"]
    conversation.close()


def test_one_connection_takes_many_commits(recognizer: RunningRecognizer, speech: bytes) -> None:
    pieces = [speech[start : start + 64_000] for start in range(0, 320_000, 64_000)]
    conversation, recorder = first_generation(recognizer.url)
    update(conversation, vad=False)
    for piece in pieces:
        for frame in frames(piece):
            conversation.append_audio(frame)
        conversation.commit()
    conversation.end_session()
    conversation.close()

    assert transcripts(recorder.events) == [" ".join(words_of(piece)) for piece in pieces]


def test_vad_mode_finds_the_sentences(recognizer: RunningRecognizer, speech: bytes) -> None:
    events = vad_first_generation(recognizer.url, speech)

    kinds = [event["type"] for event in events]
    sentences = kinds.count("input_audio_buffer.speech_started")
    assert sentences == kinds.count("input_audio_buffer.speech_stopped") == len(transcripts(events)) == 7
    assert kinds[-1] == "session.finished"


def test_an_sdk_that_updates_with_its_defaults_gets_vad_mode(recognizer: RunningRecognizer, speech: bytes) -> None:
    conversation, recorder = first_generation(recognizer.url)
    conversation.update_session(output_modalities=[MultiModality.TEXT, MultiModality.AUDIO])
    for frame in frames(speech[: 32 * 6000]):
        conversation.append_audio(frame)
    conversation.end_session()
    conversation.close()

    updated = next(event for event in recorder.events if event["type"] == "session.updated")
    assert updated["session"]["turn_detection"]["silence_duration_ms"] == 800
    assert len(transcripts(recorder.events)) == 2


def test_what_the_sdk_sends_for_other_models_is_answered_with_an_error(recognizer: RunningRecognizer) -> None:
    conversation, recorder = first_generation(recognizer.url)
    conversation.clear_appended_audio()
    conversation.create_response(instructions="Say something.")
    conversation.cancel_response()
    recorder.wait_for("error", 3)
    conversation.end_session()
    conversation.close()

    errors = [event["error"] for event in recorder.events if event["type"] == "error"]
    assert {error["type"] for error in errors} == {"invalid_request_error"}
    assert all(error["event_id"].startswith("event_") for error in errors)
    assert recorder.types()[-1] == "session.finished"


def test_a_refused_key_is_a_failed_handshake(start_recognizer: StartRecognizer) -> None:
    url = start_recognizer(keys=frozenset({"sk-right"})).url

    with Client(api_key="sk-wrong", workspace="ws-test") as client:
        session = client.audio.realtime.connect(model=MODEL, ws_url=url, timeout=DEADLINE_S)
        with pytest.raises(Exception, match="401"):
            session.connect()


def test_the_right_key_is_let_in(start_recognizer: StartRecognizer, speech: bytes) -> None:
    service = start_recognizer(keys=frozenset({"sk-any", "sk-other"}))

    assert len(transcripts(manual_first_generation(service.url, speech))) == 1


@pytest.mark.parametrize("vad", [False, True])
def test_the_second_generation_of_the_sdk(recognizer: RunningRecognizer, speech: bytes, *, vad: bool) -> None:
    events = second_generation(recognizer.url, speech, vad=vad)

    assert len(transcripts(events)) == (7 if vad else 1)
    assert events[-1]["type"] == "session.finished"


@pytest.mark.parametrize("vad", [False, True])
@pytest.mark.parametrize("generation", [1, 2])
def test_either_generation_may_send_8_khz(
    recognizer: RunningRecognizer, speech: bytes, generation: int, *, vad: bool
) -> None:
    pcm, url = to_8_khz(speech), recognizer.url
    if generation == 2:
        events = second_generation(url, pcm, vad=vad, sample_rate=8_000)
    else:
        events = (vad_first_generation if vad else manual_first_generation)(url, pcm, sample_rate=8_000)

    updated = next(event for event in events if event["type"] == "session.updated")
    assert updated["session"]["sample_rate"] == 8_000
    assert len(transcripts(events)) == (7 if vad else 1)
    if not vad:  # two words a second: all of its length was heard
        assert len(transcripts(events)[0].split()) == len(words_of(speech))


def test_the_newer_spelling_of_the_audio_s_format(recognizer: RunningRecognizer, speech: bytes) -> None:
    events = second_generation(
        recognizer.url, to_8_khz(speech), vad=True, input_audio_config={"type": "pcm", "sample_rate": 8_000}
    )

    updated = next(event for event in events if event["type"] == "session.updated")
    assert updated["session"]["sample_rate"] == 8_000
    assert len(transcripts(events)) == 7


def test_an_error_of_the_service_reaches_the_second_generation(recognizer: RunningRecognizer) -> None:
    with (
        Client(api_key="sk-any", workspace="ws-test") as client,
        client.audio.realtime.connect(model=MODEL, ws_url=recognizer.url, timeout=DEADLINE_S) as session,
    ):
        session.update_session(["text"], enable_turn_detection=False, transcription_params={"sample_rate": 24_000})
        with pytest.raises(DashScopeError, match="24000"):
            list(session.events())


def test_real_speech_in_manual_mode(
    pocketsphinx_recognizer: RunningRecognizer, two_sentences: tuple[bytes, str]
) -> None:
    pcm, said = two_sentences
    events = manual_first_generation(pocketsphinx_recognizer.url, pcm)

    assert events[0]["session"]["model"] == "pocketsphinx-en-us"
    assert word_errors(said, " ".join(transcripts(events))) <= 0.15


def test_real_speech_at_8_khz_in_vad_mode(
    pocketsphinx_recognizer: RunningRecognizer, two_sentences: tuple[bytes, str]
) -> None:
    pcm, said = two_sentences
    events = second_generation(pocketsphinx_recognizer.url, to_8_khz(pcm), vad=True, sample_rate=8_000)

    assert len(transcripts(events)) == 2
    assert word_errors(said, " ".join(transcripts(events))) <= 0.35  # the model was made for the whole band
