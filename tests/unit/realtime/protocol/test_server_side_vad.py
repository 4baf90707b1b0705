"""VAD mode, as the server sees it."""

import pytest

from realtime.protocol.conversation.audio_input import MAX_COMMIT_MS, TAIL_MS
from realtime.protocol.conversation.server_items import ItemAudio, Output
from realtime.protocol.conversation.server_side import ServerConversation
from realtime.protocol.engine import Hypothesis
from realtime.protocol.events import SpeechStarted, SpeechStopped
from tests.fixtures.pcm import silence, tone
from tests.fixtures.server_driving import (
    answer,
    append,
    conversation,
    events,
    finish,
    kinds,
    manual,
    segments,
    update,
)

TWO_TURNS = silence(1_000) + tone(600) + silence(1_500) + tone(400) + silence(1_500)
TURN = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.created",
]


def stream(made: ServerConversation, pcm: bytes, piece_bytes: int = 3_200) -> list[Output]:
    pieces = [pcm[start : start + piece_bytes] for start in range(0, len(pcm), piece_bytes)]
    return [output for piece in pieces for output in append(made, piece)]


def test_vad_mode_is_the_default() -> None:
    assert kinds(stream(conversation(), TWO_TURNS)) == TURN * 2


def test_the_events_of_a_turn_name_one_item_and_the_times_of_its_speech() -> None:
    outputs = stream(conversation(), TWO_TURNS)

    said = events(outputs)
    started, stopped = said[0], said[1]
    assert isinstance(started, SpeechStarted)
    assert isinstance(stopped, SpeechStopped)
    assert started.item_id == stopped.item_id == segments(outputs)[0].item_id
    assert (started.audio_start_ms, stopped.audio_end_ms) == (1_000, 1_600)


def test_a_turn_s_audio_has_padding_before_and_a_little_silence_behind() -> None:
    first, second = segments(stream(conversation(), TWO_TURNS))

    assert first.pcm == silence(300) + tone(600) + silence(TAIL_MS)
    assert second.pcm == silence(300) + tone(400) + silence(TAIL_MS)


@pytest.mark.parametrize("prefix_padding_ms", [0, 100, 900])
def test_prefix_padding_does_what_it_says(prefix_padding_ms: int) -> None:
    made = conversation()
    update(made, turn_detection={"type": "server_vad", "prefix_padding_ms": prefix_padding_ms})

    (segment,) = segments(stream(made, silence(1_000) + tone(600) + silence(1_000)))

    assert segment.pcm.startswith(silence(prefix_padding_ms) + tone(600))


def test_padding_takes_nothing_that_the_turn_before_had() -> None:
    made = conversation()
    update(made, turn_detection={"type": "server_vad", "prefix_padding_ms": 2_000, "silence_duration_ms": 200})

    first, second = segments(stream(made, tone(500) + silence(400) + tone(500) + silence(400)))

    assert first.duration_ms + second.duration_ms <= 1_800


@pytest.mark.parametrize(("silence_duration_ms", "turns"), [(400, 2), (3_000, 0)])
def test_the_silence_duration_of_an_update_holds(silence_duration_ms: int, turns: int) -> None:
    made = conversation()
    update(made, turn_detection={"type": "server_vad", "silence_duration_ms": silence_duration_ms})

    assert len(segments(stream(made, TWO_TURNS))) == turns


def test_the_audio_of_an_open_turn_is_handed_on_as_it_comes() -> None:
    outputs = stream(conversation(), TWO_TURNS)

    (first, *_) = segments(outputs)
    heard = b"".join(
        output.pcm for output in outputs if isinstance(output, ItemAudio) and output.item_id == first.item_id
    )
    assert heard.startswith(first.pcm)


def test_previews_of_an_open_turn_are_said_before_its_end() -> None:
    made = conversation()
    started, *_ = events(stream(made, silence(500) + tone(500)))

    assert isinstance(started, SpeechStarted)
    assert kinds(made.previewed(started.item_id or "", Hypothesis("", "the"))) == ["text"]


def test_an_open_turn_is_flushed_at_finish() -> None:
    made = conversation()
    stream(made, silence(500) + tone(500))

    outputs = finish(made)

    assert kinds(outputs) == TURN[1:]
    assert kinds(answer(made, segments(outputs)[0])) == ["completed", "session.finished", "ENDED"]


def test_finish_before_any_speech_is_only_finished() -> None:
    made = conversation()
    stream(made, silence(3_000))

    assert kinds(finish(made)) == ["session.finished", "ENDED"]


def test_times_count_all_audio_of_the_session_also_at_8_khz() -> None:
    made = conversation()
    update(made, sample_rate=8_000)

    said = events(stream(made, silence(250) + tone(600, rate=8_000) + silence(750)))

    assert isinstance(said[0], SpeechStarted)
    assert isinstance(said[1], SpeechStopped)
    assert said[0].audio_start_ms == pytest.approx(500, abs=20)
    assert said[1].audio_end_ms == pytest.approx(1_100, abs=40)


def test_a_turn_that_is_open_at_the_change_to_manual_mode_is_not_lost() -> None:
    made = conversation()
    stream(made, silence(500) + tone(500))

    outputs = update(made, turn_detection=None)

    assert kinds(outputs) == [*TURN[1:], "session.updated"]


def test_times_go_on_after_a_change_from_manual_mode() -> None:
    made = manual()
    append(made, tone(2_000))
    update(made, turn_detection={"type": "server_vad"})

    said = events(stream(made, silence(500) + tone(500) + silence(1_000)))

    assert isinstance(said[0], SpeechStarted)
    assert said[0].audio_start_ms == 2_500


def test_a_voice_that_never_pauses_is_cut_below_the_limit_of_a_commit_and_loses_nothing() -> None:
    syllables = (tone(900) + tone(100, amplitude=500)) * 130
    made = conversation()

    found = [*segments(stream(made, syllables, 64_000)), *segments(finish(made))]

    assert len(found) >= 3
    assert max(segment.duration_ms for segment in found) <= MAX_COMMIT_MS
    assert b"".join(segment.pcm for segment in found) == syllables
