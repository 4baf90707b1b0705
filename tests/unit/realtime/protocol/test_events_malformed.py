"""Frames that are no events: one error with a place in it, and never another."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.protocol.events import (
    Append,
    Completed,
    ErrorDetail,
    ErrorEvent,
    Failed,
    MalformedEvent,
    ServerEvent,
    SessionCreated,
    SessionInfo,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
    decode_client,
    decode_server,
)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
types = st.sampled_from(
    [
        "session.update",
        "input_audio_buffer.append",
        "input_audio_buffer.committed",
        "session.created",
        "error",
        "conversation.item.created",
        "conversation.item.input_audio_transcription.completed",
        "input_audio_buffer.speech_started",
    ]
)
names = st.sampled_from(["event_id", "session", "audio", "item_id", "item", "error", "transcript", "audio_start_ms"])


@pytest.mark.parametrize(
    ("frame", "param"),
    [
        ("", None),
        ("{", None),
        ("[]", None),
        ('"text"', None),
        ("null", None),
        ("[" * 100_000, None),
        ('{"type":"session.finish","x":NaN}', None),
        ("1" * 10_000, None),
        (b"\xff\xfe\xfd", None),
        ("{}", "type"),
        ('{"type":null}', "type"),
        ('{"type":7}', "type"),
        ('{"type":"session.update"}', "session"),
        ('{"type":"session.update","session":[]}', "session"),
        ('{"type":"session.update","session":{"sample_rate":"16k"}}', "session.sample_rate"),
        ('{"type":"session.update","session":{"sample_rate":1.5}}', "session.sample_rate"),
        ('{"type":"session.update","session":{"sample_rate":true}}', "session.sample_rate"),
        ('{"type":"session.update","session":{"sample_rate":1e999}}', "session.sample_rate"),
        ('{"type":"session.update","session":{"modalities":"text"}}', "session.modalities"),
        ('{"type":"session.update","session":{"modalities":["text",1]}}', "session.modalities[1]"),
        ('{"type":"session.update","session":{"turn_detection":true}}', "session.turn_detection"),
        ('{"type":"session.update","session":{"turn_detection":{"type":5}}}', "session.turn_detection.type"),
        ('{"type":"input_audio_buffer.append"}', "audio"),
        ('{"type":"input_audio_buffer.append","audio":null}', "audio"),
        ('{"type":"input_audio_buffer.append","audio":[1]}', "audio"),
    ],
)  # fmt: skip
def test_a_broken_frame_is_told_with_the_place_where_it_breaks(frame: str | bytes, param: str | None) -> None:
    with pytest.raises(MalformedEvent) as caught:
        decode_client(frame)

    assert (caught.value.code, caught.value.param) == ("invalid_value", param)


COMPLETED = "conversation.item.input_audio_transcription.completed"
FAILED = "conversation.item.input_audio_transcription.failed"
ERROR = ErrorEvent(error=ErrorDetail(message="No."))


@pytest.mark.parametrize(
    ("kind", "fields", "event"),
    [
        (COMPLETED, {"transcript": "x", "event_id": 7}, Completed(transcript="x")),
        (COMPLETED, {"transcript": "x", "content_index": "0"}, Completed(transcript="x")),
        (COMPLETED, {"transcript": "x", "emotion": ["happy"], "language": 5}, Completed(transcript="x")),
        (FAILED, {"item_id": "a", "error": "No."}, Failed(item_id="a")),
        (
            "session.created",
            {"session": {"modalities": "text", "id": "s"}},
            SessionCreated(session=SessionInfo(id="s")),
        ),
        ("session.created", {"session": {"turn_detection": {"threshold": "x"}}}, SessionCreated()),
        ("session.updated", {"session": "s"}, SessionUpdated()),
        ("error", {"error": {"message": "No.", "event_id": 7, "param": [], "code": {}}}, ERROR),
        ("input_audio_buffer.speech_started", {"audio_start_ms": 120.5}, SpeechStarted(audio_start_ms=120)),
        ("input_audio_buffer.speech_started", {"audio_start_ms": "120"}, SpeechStarted()),
        ("input_audio_buffer.speech_stopped", {"audio_end_ms": True, "item_id": "a"}, SpeechStopped(item_id="a")),
    ],
)
def test_an_odd_value_of_what_nobody_needs_is_as_good_as_none(
    kind: str, fields: dict[str, object], event: ServerEvent
) -> None:
    assert decode_server(json.dumps({"type": kind, **fields})) == event


@pytest.mark.parametrize(
    ("kind", "fields", "param"),
    [
        (COMPLETED, {"transcript": ["x"]}, "transcript"),
        (COMPLETED, {"transcript": "x", "item_id": 7}, "item_id"),
        ("input_audio_buffer.committed", {"item_id": {}}, "item_id"),
        ("conversation.item.created", {"item": {"id": 7}}, "item.id"),
    ],
)
def test_what_an_answer_is_and_whose_is_read_strictly(kind: str, fields: dict[str, object], param: str) -> None:
    with pytest.raises(MalformedEvent) as caught:
        decode_server(json.dumps({"type": kind, **fields}))

    assert caught.value.param == param


def test_a_broken_event_is_told_with_its_own_id() -> None:
    with pytest.raises(MalformedEvent) as caught:
        decode_client('{"event_id":"event_7","type":"input_audio_buffer.append"}')

    assert caught.value.event_id == "event_7"


@pytest.mark.parametrize("audio", ["AA=A", "A", "====", "AA AA", "ÄÖÜ=", "AAAA\n"])
def test_what_is_not_base64_is_told_when_the_audio_is_wanted(audio: str) -> None:
    event = decode_client(json.dumps({"event_id": "e", "type": "input_audio_buffer.append", "audio": audio}))
    assert isinstance(event, Append)

    with pytest.raises(MalformedEvent) as caught:
        event.pcm()
    assert (caught.value.param, caught.value.event_id) == ("audio", "e")


@settings(deadline=None)
@given(st.binary() | st.text() | anything.map(json.dumps))
def test_no_frame_raises_anything_else(frame: str | bytes) -> None:
    for decode in (decode_client, decode_server):
        with contextlib.suppress(MalformedEvent):
            decode(frame)


@settings(deadline=None)
@given(types, st.dictionaries(names, anything))
def test_no_field_of_a_known_event_raises_anything_else(kind: str, fields: dict[str, object]) -> None:
    for decode in (decode_client, decode_server):
        with contextlib.suppress(MalformedEvent):
            decode(json.dumps({**fields, "type": kind}))
