"""Whatever a client sends, in whatever order: no exception, each item ends once, no accepted audio is forgotten."""

import base64
import json
from collections import Counter
from itertools import groupby
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from realtime.protocol.conversation.server_items import Accepted, Output, Recognise
from realtime.protocol.conversation.server_side import ServerConversation
from realtime.protocol.engine import Answer, Hypothesis
from realtime.protocol.events import Committed, Completed, Failed, Finished, encode
from realtime.protocol.vad import FLOOR_BLOCK_FRAMES, FLOOR_BLOCKS, FRAME_MS
from tests.fixtures.pcm import silence, tone
from tests.fixtures.server_driving import conversation, events, finish, kinds, manual, segments

FLOOR_MS = (FLOOR_BLOCKS - 1) * FLOOR_BLOCK_FRAMES * FRAME_MS
SOUNDS = (b"", tone(20), tone(400), silence(300), silence(1_200), tone(7_000), silence(61_000), b"\x01")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
turn_detections = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["server_vad", "other", None]),
        "threshold": st.floats(-2, 2),
        "silence_duration_ms": st.integers(-1, 7_000),
        "prefix_padding_ms": st.integers(-1, 6_000),
    },
)
sessions = st.fixed_dictionaries(
    {},
    optional={
        "turn_detection": turn_detections,
        "sample_rate": st.sampled_from([8_000, 16_000, 24_000, "16000", None]),
        "input_audio_format": st.sampled_from(["pcm", "pcm16", "opus", None, 5]),
        "input_audio_transcription": st.none() | st.just({"language": "en"}) | json_values,
        "audio": json_values,
    },
)
sounds = st.sampled_from(SOUNDS).map(lambda pcm: base64.b64encode(pcm).decode())
client_events = st.one_of(
    st.fixed_dictionaries({"type": st.just("session.update"), "session": sessions | json_values}),
    st.fixed_dictionaries({"type": st.just("input_audio_buffer.append"), "audio": sounds}),
    st.fixed_dictionaries({"type": st.just("input_audio_buffer.append"), "audio": sounds | st.text(max_size=5)}),
    st.just({"type": "input_audio_buffer.commit"}),
    st.just({"type": "input_audio_buffer.commit", "event_id": 5}),
    st.fixed_dictionaries({"type": st.text(max_size=10)}),
)
frames = st.one_of(
    client_events.map(json.dumps),
    client_events.map(json.dumps),
    json_values.map(json.dumps),
    st.just('{"type": "session.finish"}') | st.text(max_size=10) | st.binary(max_size=10),
)
# What the engine does meanwhile, with the item that it names by its number.
engine_moves = st.tuples(st.sampled_from(["answer", "fail", "preview", "beat"]), st.integers(0, 4))


@given(st.lists(frames | engine_moves, max_size=25))
@settings(max_examples=100, deadline=None)
def test_each_item_ends_once_and_the_session_finishes_after_the_last(steps: list[Any]) -> None:
    made = conversation()
    said = made.open()
    for step in steps:
        said += _move(made, said, step) if isinstance(step, tuple) else made.receive(step)
    said += finish(made)
    for segment in segments(said):
        said += made.answered(segment.item_id, Answer(text="late"))

    _check_items(said)
    assert kinds(said).count("session.finished") == kinds(said).count("ENDED") == 1
    assert made.pending == 0
    for event in events(said):
        assert json.loads(encode(event))["event_id"]


def _move(made: ServerConversation, said: list[Output], move: tuple[str, int]) -> list[Output]:
    kind, number = move
    item_ids = [segment.item_id for segment in segments(said)]
    item_id = item_ids[number] if number < len(item_ids) else "unheard-of"
    match kind:
        case "answer":
            return made.answered(item_id, Answer(text="x"))
        case "fail":
            return made.failed(item_id, code="InternalError", message="x")
        case "preview":
            return made.previewed(item_id, Hypothesis("a", "b"))
    return made.heartbeat()


def _check_items(said: list[Output]) -> None:
    asked = Counter(segment.item_id for segment in segments(said))
    ended = Counter(event.item_id for event in events(said) if isinstance(event, Completed | Failed))
    committed = Counter(event.item_id for event in events(said) if isinstance(event, Committed))
    assert asked == ended == committed
    assert not asked or set(asked.values()) == {1}
    finished = [place for place, event in enumerate(events(said)) if isinstance(event, Finished)]
    last_end = [place for place, event in enumerate(events(said)) if isinstance(event, Completed | Failed)]
    assert not last_end or last_end[-1] < finished[0]


@given(st.lists(st.sampled_from(["commit", "beat", *SOUNDS[:5]]), max_size=30))
@settings(deadline=None)
def test_in_manual_mode_all_accepted_audio_is_recognised_in_order(steps: list[str | bytes]) -> None:
    made = manual()
    said: list[Output] = []
    for step in steps:
        said += made.receive(_frame(step))
    said += finish(made)

    accepted = b"".join(output.pcm for output in said if isinstance(output, Accepted))
    recognised = b"".join(output.segment.pcm for output in said if isinstance(output, Recognise))
    assert recognised == accepted == b"".join(step for step in steps if isinstance(step, bytes))


def _frame(step: str | bytes) -> str:
    if isinstance(step, bytes):
        return json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(step).decode()})
    return json.dumps({"type": f"input_audio_buffer.{step}"})


def longest_sound_ms(parts: list[tuple[bool, int]]) -> int:
    """Of all parts that follow one another without silence."""
    return max((sum(ms for _, ms in run) for loud, run in groupby(parts, key=lambda part: part[0]) if loud), default=0)


@given(
    parts=st.lists(st.tuples(st.booleans(), st.integers(100, 1_500)), max_size=12),
    piece_ms=st.integers(10, 2_000),
    prefix_padding_ms=st.integers(0, 3_000),
)
@settings(max_examples=50, deadline=None)
def test_in_vad_mode_turns_hold_all_loud_audio_and_nothing_twice(
    parts: list[tuple[bool, int]], piece_ms: int, prefix_padding_ms: int
) -> None:
    assume(longest_sound_ms(parts) < FLOOR_MS)  # what lasts longer without a dip is noise to the detector
    made = conversation()
    config = {"turn_detection": {"prefix_padding_ms": prefix_padding_ms}}
    said = made.receive(json.dumps({"type": "session.update", "session": config}))
    pcm = b"".join(tone(ms // 20 * 20) if loud else silence(ms // 20 * 20) for loud, ms in parts)
    for start in range(0, len(pcm), piece_ms * 32):
        said += made.receive(_frame(pcm[start : start + piece_ms * 32]))
    said += finish(made)

    found = b"".join(segment.pcm for segment in segments(said))
    assert len(found) <= len(pcm)
    assert _loud(found) == _loud(pcm)


def _loud(pcm: bytes) -> int:
    return len(pcm) - pcm.count(b"\x00")
