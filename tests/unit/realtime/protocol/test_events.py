"""Each event of the protocol: its exact bytes, both ways, and what is tolerated."""

import dataclasses
import json
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.protocol import events
from realtime.protocol.events import (
    UNSET,
    Append,
    Audio,
    AudioFormat,
    AudioInput,
    ClientEvent,
    Commit,
    Committed,
    Completed,
    ContentPart,
    Corpus,
    ErrorDetail,
    ErrorEvent,
    Failed,
    Finish,
    Finished,
    Item,
    ItemCreated,
    ServerEvent,
    SessionConfig,
    SessionCreated,
    SessionInfo,
    SessionUpdate,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
    Text,
    Transcription,
    TurnDetection,
    UnknownEvent,
    append_audio,
    decode_client,
    decode_server,
    encode,
)

SESSION = SessionInfo(
    id="sess_1",
    model="m-1",
    input_audio_format="pcm",
    sample_rate=16000,
    input_audio_transcription=Transcription(language="en"),
)
SESSION_JSON = (
    '{"id":"sess_1","object":"realtime.session","model":"m-1","modalities":["text"],"input_audio_format":"pcm",'
    '"sample_rate":16000,"input_audio_transcription":{"language":"en"},"turn_detection":null}'
)
ITEM = Item(id="item_1", status="completed", content=(ContentPart(),))
ITEM_JSON = (
    '{"id":"item_1","object":"realtime.item","type":"message","status":"completed","role":"user",'
    '"content":[{"type":"input_audio","transcript":null}]}'
)
TRANSCRIPTION = "conversation.item.input_audio_transcription"

CLIENT_GOLDEN: list[tuple[ClientEvent, str]] = [
    (
        SessionUpdate(
            event_id="event_1",
            session=SessionConfig(
                modalities=("text",),
                input_audio_format="pcm",
                sample_rate=16000,
                input_audio_transcription=Transcription(language="en", corpus=Corpus(text="names and terms")),
                turn_detection=None,
            ),
        ),
        (
            '{"event_id":"event_1","type":"session.update","session":{"modalities":["text"],"input_audio_format":"pcm",'
            '"sample_rate":16000,"input_audio_transcription":{"language":"en","corpus":{"text":"names and terms"}},'
            '"turn_detection":null}}'
        ),
    ),
    (
        SessionUpdate(
            session=SessionConfig(
                turn_detection=TurnDetection(threshold=0.2, prefix_padding_ms=300, silence_duration_ms=800)
            )
        ),
        (
            '{"type":"session.update","session":{"turn_detection":{"type":"server_vad","threshold":0.2,'
            '"prefix_padding_ms":300,"silence_duration_ms":800}}}'
        ),
    ),
    (
        SessionUpdate(
            session=SessionConfig(audio=Audio(input=AudioInput(format=AudioFormat(type="pcm", sample_rate=8000))))
        ),
        '{"type":"session.update","session":{"audio":{"input":{"format":{"type":"pcm","sample_rate":8000}}}}}',
    ),
    (
        append_audio(b"\x00\x01\xff", "event_2"),
        '{"event_id":"event_2","type":"input_audio_buffer.append","audio":"AAH/"}',
    ),
    (Commit(event_id="event_3"), '{"event_id":"event_3","type":"input_audio_buffer.commit"}'),
    (Finish(), '{"type":"session.finish"}'),
]
SERVER_GOLDEN: list[tuple[ServerEvent, str]] = [
    (
        SessionCreated(event_id="e", session=SESSION),
        f'{{"event_id":"e","type":"session.created","session":{SESSION_JSON}}}',
    ),
    (
        SessionUpdated(event_id="e", session=SESSION),
        f'{{"event_id":"e","type":"session.updated","session":{SESSION_JSON}}}',
    ),
    (
        ErrorEvent(
            event_id="e", error=ErrorDetail(type="server_error", code="InternalError", message="No.", event_id="x")
        ),
        (
            '{"event_id":"e","type":"error","error":{"type":"server_error","code":"InternalError","message":"No.",'
            '"param":null,"event_id":"x"}}'
        ),
    ),
    (
        SpeechStarted(audio_start_ms=120, item_id="item_1"),
        '{"type":"input_audio_buffer.speech_started","audio_start_ms":120,"item_id":"item_1"}',
    ),
    (
        SpeechStopped(audio_end_ms=900, item_id="item_1"),
        '{"type":"input_audio_buffer.speech_stopped","audio_end_ms":900,"item_id":"item_1"}',
    ),
    (
        Committed(item_id="item_2", previous_item_id="item_1"),
        '{"type":"input_audio_buffer.committed","previous_item_id":"item_1","item_id":"item_2"}',
    ),
    (Committed(item_id="item_1"), '{"type":"input_audio_buffer.committed","previous_item_id":null,"item_id":"item_1"}'),
    (ItemCreated(item=ITEM), '{"type":"conversation.item.created","previous_item_id":null,"item":' + ITEM_JSON + "}"),
    (
        Text(item_id="item_1", language="zh", emotion="neutral", text="你", stash="好"),
        '{"type":"' + TRANSCRIPTION + '.text","item_id":"item_1","content_index":0,"language":"zh","emotion":"neutral",'
        '"text":"\\u4f60","stash":"\\u597d"}',
    ),
    (
        Completed(item_id="item_1", language="en", emotion="happy", transcript="Hello.", usage={"seconds": [1]}),
        '{"type":"' + TRANSCRIPTION + '.completed","item_id":"item_1","content_index":0,"language":"en",'
        '"emotion":"happy","transcript":"Hello.","usage":{"seconds":[1]}}',
    ),
    (
        Failed(item_id="item_1", error=ErrorDetail(code="DataInspectionFailed", message="No.")),
        '{"type":"' + TRANSCRIPTION + '.failed","item_id":"item_1","content_index":0,'
        '"error":{"code":"DataInspectionFailed","message":"No.","param":null}}',
    ),
    (Finished(event_id="e"), '{"event_id":"e","type":"session.finished"}'),
]

CLIENT_KINDS = [kind for kind in typing.get_args(ClientEvent) if kind is not UnknownEvent]
SERVER_KINDS = [kind for kind in typing.get_args(ServerEvent) if kind is not UnknownEvent]

# JSON carries any text but halves of surrogate pairs, and any number that is finite. A NUL is another sign here.
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
st.register_type_strategy(str, words)
plain_floats = st.floats(allow_nan=False, allow_infinity=False)
plain_json = st.recursive(
    words | st.integers() | st.booleans(), lambda inner: st.dictionaries(words, inner, max_size=3)
)


def built(kind: type) -> st.SearchStrategy[typing.Any]:
    """Any instance of an event, with any of its optional fields left out."""
    hints = typing.get_type_hints(kind)
    fields = {field.name: built_field(hints[field.name]) for field in dataclasses.fields(kind)}
    return st.builds(kind, **fields)


def built_field(hint: typing.Any) -> st.SearchStrategy[typing.Any]:  # noqa: ANN401  # an annotation has many shapes
    if hint is object:
        return plain_json
    if hint is float:
        return plain_floats
    if dataclasses.is_dataclass(hint):
        return built(typing.cast(type, hint))
    if typing.get_origin(hint) is tuple:
        return st.lists(built_field(typing.get_args(hint)[0]), max_size=2).map(tuple)
    if options := typing.get_args(hint):
        return st.one_of([built_field(option) for option in options])
    return st.just(UNSET) if hint is events.Unset else st.from_type(hint)


@pytest.mark.parametrize(("event", "golden"), CLIENT_GOLDEN)
def test_a_client_event_is_these_bytes_and_no_others(event: ClientEvent, golden: str) -> None:
    assert encode(event) == golden
    assert decode_client(golden) == event


@pytest.mark.parametrize(("event", "golden"), SERVER_GOLDEN)
def test_a_server_event_is_these_bytes_and_no_others(event: ServerEvent, golden: str) -> None:
    assert encode(event) == golden
    assert decode_server(golden) == event


def test_every_event_has_golden_bytes() -> None:
    assert {type(event) for event, _ in CLIENT_GOLDEN} == set(CLIENT_KINDS)
    assert {type(event) for event, _ in SERVER_GOLDEN} == set(SERVER_KINDS)


@settings(deadline=None)
@given(st.one_of([built(kind) for kind in CLIENT_KINDS]))
def test_a_client_event_survives_the_way_there_and_back(event: ClientEvent) -> None:
    assert decode_client(encode(event).encode()) == event


@settings(deadline=None)
@given(st.one_of([built(kind) for kind in SERVER_KINDS]))
def test_a_server_event_survives_the_way_there_and_back(event: ServerEvent) -> None:
    assert decode_server(encode(event)) == event


def test_unknown_fields_are_passed_over() -> None:
    raw = json.loads(SERVER_GOLDEN[0][1])
    raw["trace_id"] = 1
    raw["session"]["voice"] = None
    raw["session"]["turn_detection"] = {"type": "server_vad", "eagerness": {"deep": []}}

    assert decode_server(json.dumps(raw)) == SessionCreated(
        event_id="e", session=dataclasses.replace(SESSION, turn_detection=TurnDetection())
    )


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_a_server_event_may_come_with_no_field_but_its_type(kind: type) -> None:
    bare = kind()
    assert decode_server(json.dumps({"type": bare.type})) == bare


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_a_null_stands_for_an_absent_field(kind: type) -> None:
    bare = kind()
    nulls = {field.name: None for field in dataclasses.fields(kind)}
    assert decode_server(json.dumps({"type": bare.type, **nulls})) == bare


@pytest.mark.parametrize(
    "kind",
    ["input_audio_buffer.clear", "response.create", "response.cancel", "conversation.item.create", "no.such.event"],
)
def test_an_event_that_is_not_of_this_protocol_is_kept_as_unknown(kind: str) -> None:
    raw = {"event_id": "event_9", "type": kind, "item": {"a": 1}}
    event = decode_client(json.dumps(raw))

    assert event == UnknownEvent(type=kind, event_id="event_9", raw=raw)
    assert json.loads(encode(event)) == raw


def test_client_and_server_do_not_take_each_others_events() -> None:
    assert isinstance(decode_client('{"type":"session.created"}'), UnknownEvent)
    assert isinstance(decode_server('{"type":"session.update","session":{}}'), UnknownEvent)


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        ({}, SessionConfig()),
        ({"input_audio_transcription": None}, SessionConfig(input_audio_transcription=None)),
        ({"input_audio_transcription": {}}, SessionConfig(input_audio_transcription=Transcription())),
        ({"input_audio_transcription": {"model": None}}, SessionConfig(input_audio_transcription=Transcription())),
        ({"turn_detection": None}, SessionConfig(turn_detection=None)),
        ({"voice": None, "output_audio_format": "pcm16"}, SessionConfig()),
    ],
)
def test_what_the_official_sdk_sends_as_options_is_taken(session: object, expected: SessionConfig) -> None:
    assert decode_client(json.dumps({"type": "session.update", "session": session})) == SessionUpdate(session=expected)


def test_format_and_rate_are_found_in_either_spelling() -> None:
    newer = SessionConfig(audio=Audio(input=AudioInput(format=AudioFormat(type="pcm", sample_rate=8000))))
    older = SessionConfig(input_audio_format="pcm", sample_rate=8000)

    assert (newer.wanted_format, newer.wanted_rate) == (older.wanted_format, older.wanted_rate) == ("pcm", 8000)
    assert (SessionConfig().wanted_format, SessionConfig().wanted_rate) == (None, None)


def test_milliseconds_may_be_printed_as_a_float() -> None:
    event = decode_server('{"type":"input_audio_buffer.speech_started","audio_start_ms":120.0}')
    assert event == SpeechStarted(audio_start_ms=120)


def test_the_code_of_an_error_may_be_a_number() -> None:
    assert decode_server('{"type":"error","error":{"code":429}}') == ErrorEvent(error=ErrorDetail(code=429))


def test_half_a_surrogate_pair_does_not_get_through() -> None:
    event = decode_server(f'{{"type":"{TRANSCRIPTION}.completed","transcript":"\\ud83d é"}}')
    assert isinstance(event, Completed)
    assert event.transcript.encode() == "? é".encode()


def test_a_nul_does_not_get_through() -> None:
    event = decode_server(f'{{"type":"{TRANSCRIPTION}.completed","transcript":"a\\u0000b"}}')
    assert isinstance(event, Completed)
    assert event.transcript == "a\ufffdb"


def test_audio_comes_back_as_it_was_put_in() -> None:
    audio = bytes(range(256)) * 100
    event = decode_client(encode(append_audio(audio)))
    assert isinstance(event, Append)
    assert event.pcm() == audio


@settings(deadline=None)
@given(st.binary() | words, st.none() | words)
def test_an_append_is_what_a_json_encoder_makes_of_it(audio: bytes | str, event_id: str | None) -> None:
    event = append_audio(audio, event_id) if isinstance(audio, bytes) else Append(event_id=event_id, audio=audio)
    named = {} if event_id is None else {"event_id": event_id}
    expected = {**named, "type": "input_audio_buffer.append", "audio": event.audio}
    assert encode(event) == json.dumps(expected, separators=(",", ":"))
