"""Manual mode and the life of a session, as the server sees it."""

import numpy as np
import pytest

from realtime.protocol.conversation.server_items import Accepted
from realtime.protocol.engine import Hypothesis
from realtime.protocol.events import Committed, Completed, Failed, ItemCreated, SessionCreated, SessionUpdated, Text
from realtime.protocol.vad import VadSettings
from tests.fixtures.pcm import silence, tone
from tests.fixtures.server_driving import (
    answer,
    append,
    commit,
    conversation,
    error,
    events,
    finish,
    kinds,
    manual,
    segments,
    send,
    update,
)


def test_a_session_opens_with_what_holds_by_default() -> None:
    (created,) = events(conversation().open())

    assert isinstance(created, SessionCreated)
    session = created.session
    assert (session.id, session.model, session.sample_rate, session.input_audio_format) == (
        "sess_1",
        "tester",
        16_000,
        "pcm",
    )
    assert session.turn_detection is not None
    assert (session.turn_detection.threshold, session.turn_detection.silence_duration_ms) == (0.2, 800)


def test_turn_detection_null_is_manual_mode() -> None:
    (updated,) = events(update(conversation(), turn_detection=None))

    assert isinstance(updated, SessionUpdated)
    assert updated.session.turn_detection is None


def test_what_an_update_does_not_name_stays() -> None:
    made = manual(input_audio_transcription={"language": "de", "corpus": {"text": "Namen"}}, sample_rate=8_000)

    update(made, modalities=["text"])

    assert made.settings.vad is None
    assert made.settings.sample_rate == 8_000
    assert (made.settings.language, made.settings.context) == ("de", "Namen")


def test_what_an_update_does_not_name_inside_its_objects_stays() -> None:
    made = conversation()
    update(made, turn_detection={"threshold": 0.5, "silence_duration_ms": 400, "prefix_padding_ms": 100})
    update(made, input_audio_transcription={"language": "de", "corpus": {"text": "Namen"}})

    update(made, turn_detection={"threshold": 0.7}, input_audio_transcription={"language": "en"})
    assert made.settings.vad == VadSettings(threshold=0.7, silence_duration_ms=400, prefix_padding_ms=100)
    assert (made.settings.language, made.settings.context) == ("en", "Namen")

    update(made, turn_detection={"silence_duration_ms": 900}, input_audio_transcription={"corpus": {"text": "Orte"}})
    assert made.settings.vad == VadSettings(threshold=0.7, silence_duration_ms=900, prefix_padding_ms=100)
    assert (made.settings.language, made.settings.context) == ("en", "Orte")


def test_turn_detection_after_manual_mode_begins_with_the_defaults() -> None:
    made = conversation()
    update(made, turn_detection={"silence_duration_ms": 400})
    update(made, turn_detection=None)
    update(made, turn_detection={"threshold": 0.5})

    assert made.settings.vad == VadSettings(threshold=0.5)


@pytest.mark.parametrize("nothing", [None, {"language": "", "corpus": {"text": ""}}])
def test_a_transcription_of_null_asks_for_any_language(nothing: object) -> None:
    made = manual(input_audio_transcription={"language": "de", "corpus": {"text": "Namen"}})

    update(made, input_audio_transcription=nothing)

    assert (made.settings.language, made.settings.context) == (None, "")


def test_a_commit_is_acknowledged_and_recognised_with_what_was_asked_for() -> None:
    made = manual(input_audio_transcription={"language": "en", "corpus": {"text": "names"}})
    append(made, tone(100))
    append(made, tone(50))

    outputs = commit(made)

    committed, created = events(outputs)
    (segment,) = segments(outputs)
    assert isinstance(committed, Committed)
    assert isinstance(created, ItemCreated)
    assert committed.item_id == created.item.id == segment.item_id
    assert committed.previous_item_id is None
    assert created.item.content[0].transcript is None
    assert (segment.pcm, segment.language, segment.context) == (tone(100) + tone(50), "en", "names")


def test_items_name_the_one_before() -> None:
    made = manual()
    append(made, tone(20))
    (first,) = segments(commit(made))
    append(made, tone(20))
    committed, created = events(commit(made))

    assert isinstance(committed, Committed)
    assert isinstance(created, ItemCreated)
    assert committed.previous_item_id == created.previous_item_id == first.item_id


def test_an_answer_completes_its_item_once() -> None:
    made = manual()
    append(made, tone(20))
    (segment,) = segments(commit(made))

    (completed,) = events(answer(made, segment, "hello"))

    assert isinstance(completed, Completed)
    assert (completed.item_id, completed.transcript, completed.language, completed.emotion) == (
        segment.item_id,
        "hello",
        "en",
        "neutral",
    )
    assert answer(made, segment) == []
    assert made.failed(segment.item_id, code="InternalError", message="") == []


def test_a_failed_item_does_not_end_the_session() -> None:
    made = manual()
    append(made, tone(20))
    (segment,) = segments(commit(made))

    (failed,) = events(made.failed(segment.item_id, code="DataInspectionFailed", message="No."))

    assert isinstance(failed, Failed)
    assert (failed.item_id, failed.error.code) == (segment.item_id, "DataInspectionFailed")
    append(made, tone(20))
    assert len(segments(commit(made))) == 1


def test_appends_are_not_acknowledged() -> None:
    assert append(manual(), tone(20)) == [Accepted("item_2", tone(20))]


def test_a_commit_of_silence_is_recognised_like_any_other() -> None:
    made = manual()
    append(made, silence(500))

    assert len(segments(commit(made))) == 1


def test_an_empty_commit_is_an_error_and_the_session_goes_on() -> None:
    made = manual()

    refused = error(commit(made))

    assert (refused.type, refused.code, refused.event_id) == (
        "invalid_request_error",
        "input_audio_buffer_commit_empty",
        "com",
    )
    append(made, tone(20))
    assert len(segments(commit(made))) == 1


def test_a_commit_of_exactly_sixty_seconds_is_taken() -> None:
    made = manual()
    append(made, silence(60_000))

    assert segments(commit(made))[0].duration_ms == 60_000


def test_a_commit_beyond_sixty_seconds_is_refused_and_its_audio_dropped() -> None:
    made = manual()
    append(made, silence(40_000))
    append(made, silence(20_001))

    assert (error(commit(made)).code, error(commit(made)).code) == ("invalid_value", "input_audio_buffer_commit_empty")
    append(made, tone(20))
    assert segments(commit(made))[0].pcm == tone(20)


def test_8_khz_comes_out_at_16_khz_with_its_pitch_and_length() -> None:
    made = manual(sample_rate=8_000)
    narrow = tone(1_000, hz=440, rate=8_000)
    for start in range(0, len(narrow), 640):
        append(made, narrow[start : start + 640])

    (segment,) = segments(commit(made))

    assert segment.duration_ms == 1_000
    inner = slice(3_200, -3_200)
    assert _loudest_difference(segment.pcm[inner], tone(1_000, hz=440)[inner]) < 100


def test_each_commit_at_8_khz_is_whole() -> None:
    made = manual(sample_rate=8_000)
    for ms in (100, 230):
        append(made, tone(ms, rate=8_000))
        assert segments(commit(made))[0].duration_ms == ms


def test_finish_with_nothing_open_finishes_at_once() -> None:
    assert kinds(finish(conversation())) == ["session.finished", "ENDED"]


def test_commit_and_finish_back_to_back_drop_nothing() -> None:
    made = manual()
    append(made, tone(20))
    (first,) = segments(commit(made))
    append(made, tone(20))
    (second,) = segments(commit(made))

    assert finish(made) == []
    assert kinds(answer(made, first)) == ["completed"]
    assert kinds(answer(made, second)) == ["completed", "session.finished", "ENDED"]


def test_audio_that_was_not_committed_is_recognised_at_finish() -> None:
    made = manual()
    append(made, tone(20))

    outputs = finish(made)

    assert kinds(outputs) == ["input_audio_buffer.committed", "conversation.item.created"]
    assert kinds(answer(made, segments(outputs)[0])) == ["completed", "session.finished", "ENDED"]


def test_too_much_uncommitted_audio_is_said_and_the_session_finishes() -> None:
    made = manual()
    append(made, silence(60_100))

    assert kinds(finish(made)) == ["error", "session.finished", "ENDED"]


def test_after_finish_nothing_more_is_taken() -> None:
    made = manual()
    append(made, tone(20))
    (segment,) = segments(commit(made))
    finish(made)

    assert kinds(append(made, tone(20))) == kinds(commit(made)) == kinds(finish(made)) == ["error"]
    assert kinds(answer(made, segment)) == ["completed", "session.finished", "ENDED"]


def test_previews_and_heartbeats_speak_of_items_without_an_answer() -> None:
    made = manual()
    append(made, tone(20))
    (segment,) = segments(commit(made))

    (preview,) = events(made.previewed(segment.item_id, Hypothesis("the river", "was hi")))
    (beat,) = events(made.heartbeat())

    assert isinstance(preview, Text)
    assert isinstance(beat, Text)
    assert (preview.item_id, preview.text, preview.stash) == (segment.item_id, "the river", "was hi")
    assert (beat.item_id, beat.text, beat.stash) == (segment.item_id, "the river", "was hi")
    answer(made, segment)
    assert made.heartbeat() == made.previewed(segment.item_id, Hypothesis("late", "")) == []


def test_a_change_of_the_rate_keeps_what_was_said_before_it() -> None:
    made = manual(sample_rate=8_000)
    append(made, tone(100, rate=8_000))

    outputs = update(made, sample_rate=16_000)

    assert kinds(outputs)[-1] == "session.updated"
    assert segments(outputs)[0].duration_ms == 100


def test_every_event_has_an_id_of_its_own() -> None:
    made = conversation()
    said = [*events(made.open()), *events(update(made)), *events(send(made, "nothing")), *events(finish(made))]

    assert len({event.event_id for event in said}) == len(said) == 4


def _loudest_difference(left: bytes, right: bytes) -> int:
    pair = [np.frombuffer(part, dtype="<i2").astype(int) for part in (left, right)]
    return int(abs(pair[0] - pair[1]).max())
