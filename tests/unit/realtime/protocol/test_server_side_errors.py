"""What the server answers to what it cannot do: an error that names the offending event, and the session goes on."""

import base64
import json
from typing import Any

import pytest

from realtime.protocol.conversation.server_side import MAX_AUDIO_CHARS
from realtime.protocol.events import SessionUpdated, encode
from tests.fixtures.pcm import tone
from tests.fixtures.server_driving import append, commit, conversation, error, events, manual, segments, update

APPEND = "input_audio_buffer.append"


@pytest.mark.parametrize(
    ("frame", "param", "event_id"),
    [
        ("no json", None, None),
        ("[1, 2]", None, None),
        ("null", None, None),
        ("{}", "type", None),
        ('{"event_id": "e7", "type": 5}', "type", "e7"),
        ('{"event_id": "e7", "type": "input_audio_buffer.clear"}', "type", "e7"),
        ('{"event_id": "e7", "type": "response.create", "response": {}}', "type", "e7"),
        ('{"event_id": "e7", "type": "session.update"}', "session", "e7"),
        ('{"event_id": "e7", "type": "session.update", "session": 3}', "session", "e7"),
        ('{"event_id": "e7", "type": "session.update", "session": {"sample_rate": "x"}}', "session.sample_rate", "e7"),
        ('{"event_id": "e7", "type": "input_audio_buffer.append"}', "audio", "e7"),
        ('{"event_id": "e7", "type": "input_audio_buffer.append", "audio": 7}', "audio", "e7"),
        ('{"event_id": "e7", "type": "input_audio_buffer.append", "audio": "&&&&"}', "audio", "e7"),
        ('{"event_id": "e7", "type": "input_audio_buffer.append", "audio": "AAA"}', "audio", "e7"),
        ('{"event_id": "e7", "type": "input_audio_buffer.append", "audio": "äöü"}', "audio", "e7"),
        ('{"event_id": "e7", "type": "input_audio_buffer.append", "audio": "AA=="}', "audio", "e7"),
        (b"\x00\x01binary", None, None),
    ],
)
def test_a_broken_frame_is_answered_and_the_session_goes_on(
    frame: str | bytes, param: str | None, event_id: str | None
) -> None:
    made = manual()

    refused = error(made.receive(frame))

    assert refused.type == "invalid_request_error"
    assert refused.code == "invalid_value"
    assert refused.message
    assert (refused.param, refused.event_id) == (param, event_id)
    append(made, tone(20))
    assert len(segments(commit(made))) == 1


@pytest.mark.parametrize(
    ("session", "param"),
    [
        ({"sample_rate": 24_000}, "session.sample_rate"),
        ({"audio": {"input": {"format": {"type": "pcm", "sample_rate": 48_000}}}}, "session.sample_rate"),
        ({"input_audio_format": "opus"}, "session.input_audio_format"),
        ({"audio": {"input": {"format": {"type": "wav"}}}}, "session.input_audio_format"),
        ({"turn_detection": {"type": "semantic_vad"}}, "session.turn_detection.type"),
        ({"turn_detection": {"type": "server_vad", "threshold": 1.5}}, "session.turn_detection.threshold"),
        ({"turn_detection": {"threshold": -1.01}}, "session.turn_detection.threshold"),
        ({"turn_detection": {"silence_duration_ms": 199}}, "session.turn_detection.silence_duration_ms"),
        ({"turn_detection": {"silence_duration_ms": 6_001}}, "session.turn_detection.silence_duration_ms"),
        ({"turn_detection": {"prefix_padding_ms": -1}}, "session.turn_detection.prefix_padding_ms"),
        ({"input_audio_transcription": {"language": "de"}}, "session.input_audio_transcription.language"),
    ],
)
def test_an_update_that_cannot_be_done_changes_nothing(session: dict[str, Any], param: str) -> None:
    made = conversation(languages=frozenset({"en"}))
    before = made.settings

    refused = error(update(made, **{"input_audio_transcription": {"language": "en"}, **session}))

    assert (refused.type, refused.code, refused.param, refused.event_id) == (
        "invalid_request_error",
        "invalid_value",
        param,
        "up",
    )
    assert made.settings == before


@pytest.mark.parametrize(
    "session",
    [
        {},
        {"voice": None, "output_audio_format": "pcm16", "input_audio_format": "pcm16"},
        {"input_audio_transcription": None},
        {"input_audio_transcription": {}},
        {"input_audio_transcription": {"model": None}},
        {"input_audio_transcription": {"language": None, "corpus": None}},
        {"turn_detection": {"type": "server_vad", "threshold": 0.2, "prefix_padding_ms": 300}},
        {"turn_detection": {}},
        {"audio": {"input": {"format": {"type": "pcm", "sample_rate": 8_000}}}},
        {"audio": {"output": {"format": {"type": "pcm", "sample_rate": 24_000}}}},
        {"modalities": ["text", "audio"], "temperature": 0.5, "tools": []},
    ],
)
def test_what_official_clients_send_is_taken(session: dict[str, Any]) -> None:
    (updated,) = events(update(conversation(languages=frozenset({"en"})), **session))

    assert isinstance(updated, SessionUpdated)


@pytest.mark.parametrize("language", ["english please", "e", "x" * 1_000_000, "en\n"])
def test_an_engine_of_any_language_wants_a_code(language: str) -> None:
    refused = error(update(conversation(), input_audio_transcription={"language": language}))

    assert refused.param == "session.input_audio_transcription.language"
    assert len(refused.message) < 200


def test_what_a_client_makes_long_is_not_said_back_to_it() -> None:
    """Errors wait in memory until their client reads them."""
    made = manual()
    long = "x" * 1_000_000

    outputs = [
        *made.receive(json.dumps({"type": long, "event_id": long})),
        *update(made, input_audio_format=long),
        *update(made, input_audio_transcription={"corpus": {"text": long}}),
        *update(made, turn_detection={"type": long}),
    ]

    assert [event.type for event in events(outputs)] == ["error"] * 4
    assert all(len(encode(event)) < 1_000 for event in events(outputs))


def test_an_event_id_may_be_missing() -> None:
    made = conversation()

    (updated,) = events(made.receive('{"type": "session.update", "session": {}}'))

    assert isinstance(updated, SessionUpdated)


def test_a_commit_in_vad_mode_is_an_error() -> None:
    made = conversation()
    append(made, tone(500))

    assert (error(commit(made)).param, error(commit(made)).event_id) == ("session.turn_detection", "com")


def test_a_whole_file_in_one_append_is_taken() -> None:
    made = manual()
    audio = base64.b64encode(bytes(1_920_000)).decode()

    made.receive(json.dumps({"type": APPEND, "audio": audio}))

    assert segments(commit(made))[0].duration_ms == 60_000


def test_an_append_beyond_the_documented_size_is_refused() -> None:
    audio = "A" * (MAX_AUDIO_CHARS + 4)

    assert error(manual().receive(json.dumps({"type": APPEND, "audio": audio}))).param == "audio"


def test_a_refused_append_takes_nothing_in() -> None:
    made = manual()
    append(made, tone(20) + b"\x00")

    assert error(commit(made)).code == "input_audio_buffer_commit_empty"
