"""How a session is asked for."""

import dataclasses

import pytest

from realtime.client.options import SessionOptions
from realtime.protocol.errors import KeyRefused, RequestRejected
from realtime.protocol.events import UNSET, Corpus, Transcription, TurnDetection

OPTIONS = SessionOptions(url="wss://example.test/api-ws/v1/realtime", model="m-1", key="sk-1")


def test_the_model_stands_in_the_query() -> None:
    assert OPTIONS.address() == "wss://example.test/api-ws/v1/realtime?model=m-1"


def test_the_query_of_the_url_is_kept_but_for_its_model() -> None:
    options = dataclasses.replace(OPTIONS, url="wss://example.test/r?a=1&model=old#top", model="a b&c")
    assert options.address() == "wss://example.test/r?a=1&model=a+b%26c"


@pytest.mark.parametrize("url", ["http://example.test/", "example.test", "wss://", "file:///etc/passwd"])
def test_a_url_that_is_no_websocket_is_rejected(url: str) -> None:
    with pytest.raises(RequestRejected):
        dataclasses.replace(OPTIONS, url=url).address()


def test_the_key_goes_into_one_header_and_into_nothing_that_is_printed() -> None:
    options = dataclasses.replace(OPTIONS, headers={"X-DashScope-WorkSpace": "ws-1"}, proxy="http://u:pw@proxy:1")
    assert options.request_headers() == ["X-DashScope-WorkSpace: ws-1", "Authorization: Bearer sk-1"]
    assert "sk-1" not in repr(options)
    assert "pw" not in repr(options)


def test_without_a_key_there_is_no_header() -> None:
    assert dataclasses.replace(OPTIONS, key=None).request_headers() == []


@pytest.mark.parametrize("key", ["sk-1\r\nX-Evil: 1", "sk-1\n", "schlüssel"])
def test_a_key_that_would_break_the_request_is_refused_unseen(key: str) -> None:
    with pytest.raises(KeyRefused) as caught:
        dataclasses.replace(OPTIONS, key=key).request_headers()
    assert key not in str(caught.value)


def test_a_header_that_would_break_the_request_is_rejected() -> None:
    with pytest.raises(RequestRejected):
        dataclasses.replace(OPTIONS, headers={"X-A": "1\r\nX-B: 2"}).request_headers()


def test_the_options_of_a_session_are_said_in_the_words_of_the_protocol() -> None:
    config = dataclasses.replace(OPTIONS, language="en", context="names", sample_rate=8000).config()

    assert (config.sample_rate, config.input_audio_format, config.modalities) == (8000, "pcm", ("text",))
    assert config.input_audio_transcription == Transcription(language="en", corpus=Corpus(text="names"))
    assert config.turn_detection is None


def test_what_is_not_asked_for_is_left_out() -> None:
    config = OPTIONS.config()
    assert config.input_audio_transcription == Transcription()
    assert config.audio is None
    assert config.turn_detection is not UNSET


def test_turn_detection_is_passed_on() -> None:
    turns = TurnDetection(threshold=0.5, silence_duration_ms=400)
    assert dataclasses.replace(OPTIONS, turn_detection=turns).config().turn_detection == turns
