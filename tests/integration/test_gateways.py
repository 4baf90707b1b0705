"""The gateway engines behind the real-time socket, against small HTTP recognisers that check each request's form."""

import base64
import io
import socket
import wave
from collections.abc import Callable
from typing import Any

import pytest

from realtime.protocol.engine import Segment
from realtime.service.config import GatewayConfig
from realtime.service.engines.http_gateways import QwenGateway
from tests.fixtures.http_recognizer import Asked, HttpRecognizer, Reply, http_recognizer
from tests.fixtures.pcm import silence, tone
from tests.fixtures.recognizer import StartRecognizer
from tests.fixtures.recognizer_client import TRANSCRIPTION, Event, manual_client

PCM = tone(1_500)
ENDS = {TRANSCRIPTION + "completed", TRANSCRIPTION + "failed"}
OPENAI_ANSWER = {"text": " Good morning. "}
QWEN_ANSWER = {
    "id": "chatcmpl-1",
    "model": "qwen3-asr-flash",
    "choices": [
        {
            "finish_reason": "stop",
            "message": {
                "role": "assistant",
                "content": "Guten Morgen.",
                "annotations": [{"type": "audio_info", "language": "de", "emotion": "happy"}],
            },
        }
    ],
    "usage": {"seconds": 2},
}


def always(reply: Reply) -> Callable[[int, Asked], Reply]:
    return lambda _number, _asked: reply


def ask(start: StartRecognizer, engine: str, gateway: GatewayConfig, pcm: bytes = PCM, **session: Any) -> Event:  # noqa: ANN401  # JSON
    """The last event about one commit."""
    with manual_client(start(engine=engine, gateway=gateway).url, **session) as client:
        client.append(pcm)
        client.commit()
        event = client.receive()
        while event["type"] not in ENDS:
            event = client.receive()
        return event


def pcm_of(wav: bytes) -> bytes:
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        return bytes(file.readframes(file.getnframes()))


def test_openai_gets_a_wav_in_a_multipart_form(start_recognizer: StartRecognizer) -> None:
    with http_recognizer(always(Reply(OPENAI_ANSWER))) as upstream:
        gateway = GatewayConfig(url=upstream.url + "/v1/", key="sk-up", model="Qwen/Qwen3-ASR-0.6B")
        transcription = {"language": "en", "corpus": {"text": "names and terms"}}
        event = ask(start_recognizer, "openai", gateway, input_audio_transcription=transcription)
    (asked,) = upstream.asked

    assert (event["transcript"], event["language"], event["emotion"]) == ("Good morning.", "en", "neutral")
    assert asked.path == "/v1/audio/transcriptions"
    assert asked.headers["authorization"] == "Bearer sk-up"
    name, kind, wav = asked.parts["file"]
    assert (name, kind, pcm_of(wav)) == ("segment.wav", "audio/wav", PCM)
    assert {field: content.decode() for field, (_, _, content) in asked.parts.items() if field != "file"} == {
        "model": "Qwen/Qwen3-ASR-0.6B",
        "response_format": "json",
        "temperature": "0",
        "language": "en",
        "prompt": "names and terms",
    }


def test_openai_is_not_told_what_is_not_known(start_recognizer: StartRecognizer) -> None:
    with http_recognizer(always(Reply({"text": "", "language": "unknown"}))) as upstream:
        event = ask(start_recognizer, "openai", GatewayConfig(url=upstream.url), silence(500))
    (asked,) = upstream.asked

    assert event["transcript"] == ""
    assert "language" not in event
    assert asked.parts.keys() == {"file", "model", "response_format", "temperature"}
    assert "authorization" not in asked.headers


def test_openai_s_language_and_qwen_s_own_tag_are_understood(start_recognizer: StartRecognizer) -> None:
    answer = {"text": "language German<asr_text>Guten Morgen.", "language": "de"}
    with http_recognizer(always(Reply(answer))) as upstream:
        event = ask(start_recognizer, "openai", GatewayConfig(url=upstream.url))

    assert (event["transcript"], event["language"]) == ("Guten Morgen.", "de")


def test_qwen_s_own_tag_alone_tells_the_language(start_recognizer: StartRecognizer) -> None:
    answer = Reply({"text": "language German<asr_text>Guten Morgen."})
    with http_recognizer(always(answer)) as upstream:
        event = ask(start_recognizer, "openai", GatewayConfig(url=upstream.url))

    assert (event["transcript"], event["language"]) == ("Guten Morgen.", "de")


def test_qwen_gets_the_documented_body(start_recognizer: StartRecognizer) -> None:
    with http_recognizer(always(Reply(QWEN_ANSWER))) as upstream:
        gateway = GatewayConfig(url=upstream.url, key="sk-up", inverse_text_normalisation=True)
        transcription = {"language": "en", "corpus": {"text": "Namen"}}
        event = ask(start_recognizer, "qwen-http", gateway, input_audio_transcription=transcription)
    (asked,) = upstream.asked

    assert (event["transcript"], event["language"], event["emotion"]) == ("Guten Morgen.", "de", "happy")
    assert asked.path == "/compatible-mode/v1/chat/completions"
    assert asked.headers["authorization"] == "Bearer sk-up"
    audio = asked.json["messages"][1]["content"][0]["input_audio"].pop("data")
    assert pcm_of(base64.b64decode(audio.removeprefix("data:audio/wav;base64,"))) == PCM
    assert asked.json | {"messages": []} == {
        "model": "qwen3-asr-flash",
        "messages": [],
        "stream": False,
        "asr_options": {"language": "en", "enable_itn": True},
    }
    assert asked.json["messages"][0] == {"role": "system", "content": "Namen"}
    assert asked.json["messages"][1]["role"] == "user"
    assert asked.json["messages"][1]["content"][0]["type"] == "input_audio"


def test_qwen_is_told_a_language_only_when_it_is_known(start_recognizer: StartRecognizer) -> None:
    with http_recognizer(always(Reply(QWEN_ANSWER))) as upstream:
        event = ask(start_recognizer, "qwen-http", GatewayConfig(url=upstream.url))
    (asked,) = upstream.asked

    assert event["language"] == "de"
    assert asked.json["asr_options"] == {"enable_itn": False}
    assert [message["role"] for message in asked.json["messages"]] == ["user"]


@pytest.mark.parametrize(
    ("language", "normalises"), [("zh", True), ("en-US", True), ("de", False), ("yue", False), (None, True)]
)
def test_numbers_are_asked_for_in_chinese_and_english_only(language: str | None, *, normalises: bool) -> None:
    gateway = QwenGateway(GatewayConfig(inverse_text_normalisation=True))
    options = gateway.form(Segment(item_id="i", pcm=PCM, language=language))["json"]["asr_options"]

    assert options["enable_itn"] is normalises


@pytest.mark.parametrize("message", [{}, {"content": None}, {"content": "", "annotations": None}])
def test_qwen_s_answer_to_silence_may_lack_its_content(
    start_recognizer: StartRecognizer, message: dict[str, object]
) -> None:
    with http_recognizer(always(Reply({"choices": [{"message": message}]}))) as upstream:
        event = ask(start_recognizer, "qwen-http", GatewayConfig(url=upstream.url), silence(500))

    assert (event["transcript"], event["emotion"]) == ("", "neutral")


@pytest.mark.parametrize("engine", ["openai", "qwen-http"])
@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "InvalidApiKey"), (400, "Arrearage"), (400, "DataInspectionFailed"), (404, "ModelNotFound")],
)
def test_what_is_permanent_fails_the_item_at_once(
    start_recognizer: StartRecognizer, engine: str, status: int, code: str
) -> None:
    refusal = Reply({"error": {"code": code, "message": "It is sk-up that I refuse."}}, status)
    with http_recognizer(always(refusal)) as upstream:
        event = ask(start_recognizer, engine, GatewayConfig(url=upstream.url, key="sk-up"))

    assert event["error"]["code"] == code
    assert event["error"]["message"] == "It is *** that I refuse."
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(
    "hiccup",
    [
        Reply({"error": {"code": "Throttling.RateQuota"}}, 429, {"Retry-After": "0.1"}),
        Reply({"code": "InternalError.Timeout"}, 500),
        Reply(b"Bad gateway", 502),
    ],
)
def test_what_is_temporary_is_tried_again(start_recognizer: StartRecognizer, hiccup: Reply) -> None:
    replies = [hiccup, Reply(OPENAI_ANSWER)]
    with http_recognizer(lambda number, _: replies[number]) as upstream:
        event = ask(start_recognizer, "openai", GatewayConfig(url=upstream.url))

    assert event["transcript"] == "Good morning."
    assert upstream.asked[0].body.count(b"RIFF") == upstream.asked[1].body.count(b"RIFF") == 1


def test_patience_has_an_end(start_recognizer: StartRecognizer) -> None:
    with http_recognizer(always(Reply({"code": "Throttling"}, 429, {"Retry-After": "7"}))) as upstream:
        event = ask(start_recognizer, "openai", GatewayConfig(url=upstream.url, patience_s=2.0))

    assert event["error"]["code"] == "Throttling"
    assert len(upstream.asked) == 1


def test_a_recogniser_that_does_not_answer_is_a_timeout(start_recognizer: StartRecognizer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        event = ask(start_recognizer, "openai", GatewayConfig(url=url, timeout_s=0.2, patience_s=0.5))

    assert event["error"]["code"] == "RequestTimeOut"


def test_a_recogniser_that_is_not_there_is_an_internal_error(start_recognizer: StartRecognizer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    event = ask(start_recognizer, "qwen-http", GatewayConfig(url=url, patience_s=0.3))

    assert event["error"]["code"] == "InternalError"


@pytest.mark.parametrize("answer", [b"<html>", [], {}, {"choices": []}, {"text": 5}])
@pytest.mark.parametrize("engine", ["openai", "qwen-http"])
def test_an_answer_that_is_none_fails_the_item_and_the_session_goes_on(
    start_recognizer: StartRecognizer, engine: str, answer: object
) -> None:
    with http_recognizer(always(Reply(answer))) as upstream:
        event = ask(start_recognizer, engine, GatewayConfig(url=upstream.url))

    assert event["error"]["code"] == "InternalError"


def test_a_gateway_without_a_url_does_not_start(start_recognizer: StartRecognizer) -> None:
    with pytest.raises(AssertionError, match="URL of its recogniser"):
        start_recognizer(engine="openai")


def test_the_session_names_the_model_of_the_gateway(start_recognizer: StartRecognizer) -> None:
    with http_recognizer(always(Reply(QWEN_ANSWER))) as upstream:
        gateway = GatewayConfig(url=upstream.url, model="qwen3-asr-flash-2026")
        with manual_client(start_recognizer(engine="qwen-http", gateway=gateway).url) as client:
            session = client.update(turn_detection=None)["session"]

    assert session["model"] == "qwen3-asr-flash-2026"
    assert isinstance(upstream, HttpRecognizer)


def test_the_key_is_in_no_text_of_the_configuration() -> None:
    assert "sk-up" not in repr(GatewayConfig(key="sk-up"))
