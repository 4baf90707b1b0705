"""The client's rules in VAD mode: utterances come by themselves, with times."""

import pytest

from realtime.protocol.conversation.client_side import ClientConversation
from realtime.protocol.conversation.outcomes import Answered, AtWork, Complaint, Ended, Outcome, Refused
from realtime.protocol.errors import ContentRefused, RequestRejected, ServiceFault
from realtime.protocol.events import (
    Committed,
    Completed,
    ErrorDetail,
    ErrorEvent,
    Failed,
    Finished,
    ItemCreated,
    ServerEvent,
    SessionConfig,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
    Text,
    TurnDetection,
)

VAD = SessionConfig(sample_rate=8000, turn_detection=TurnDetection())
SECOND = bytes(16000)


@pytest.fixture
def talk() -> ClientConversation:
    conversation = ClientConversation(VAD)
    conversation.receive(SessionUpdated())
    return conversation


def receive(talk: ClientConversation, *events: ServerEvent) -> list[Outcome]:
    return [outcome for event in events for outcome in talk.receive(event)]


def spans(outcomes: list[Outcome]) -> list[tuple[str, int | None, int | None]]:
    return [(one.result.text, one.start_ms, one.end_ms) for one in outcomes if isinstance(one, Answered)]


def utterance(item_id: str | None, start_ms: int, end_ms: int, text: str) -> list[ServerEvent]:
    return [
        SpeechStarted(item_id=item_id, audio_start_ms=start_ms),
        Text(item_id=item_id, stash=text),
        SpeechStopped(item_id=item_id, audio_end_ms=end_ms),
        Committed(item_id=item_id),
        ItemCreated(),
        Text(item_id=item_id, text=text),
        Completed(item_id=item_id, transcript=text),
    ]


@pytest.mark.parametrize("item_ids", [("a", "b"), (None, None), ("", "")])
def test_utterances_come_with_the_times_of_the_service(
    talk: ClientConversation, item_ids: tuple[str | None, str | None]
) -> None:
    outcomes = receive(talk, *utterance(item_ids[0], 100, 900, "one"))
    outcomes += receive(talk, *utterance(item_ids[1], 1200, 2000, "two"))

    assert spans(outcomes) == [("one", 100, 900), ("two", 1200, 2000)]
    assert outcomes[0] == AtWork(0)


def test_an_utterance_may_begin_before_the_last_one_is_answered(talk: ClientConversation) -> None:
    first, second = utterance("a", 100, 900, "one"), utterance("b", 1200, 2000, "two")
    outcomes = receive(talk, *first[:-1], *second[:-1], second[-1], first[-1])
    assert spans(outcomes) == [("two", 1200, 2000), ("one", 100, 900)]


def test_what_a_server_does_not_say_of_the_times_is_what_is_certain(talk: ClientConversation) -> None:
    for _ in range(3):
        talk.append(SECOND)
    outcomes = receive(talk, *utterance("a", 100, 900, "one"))
    outcomes += receive(talk, Completed(item_id="b", transcript="two"))
    outcomes += receive(talk, SpeechStarted(item_id="c", audio_start_ms=-5), Completed(item_id="c", transcript="three"))

    assert spans(outcomes) == [("one", 100, 900), ("two", 900, 3000), ("three", 0, 3000)]


def test_an_end_before_the_start_is_put_right(talk: ClientConversation) -> None:
    assert spans(receive(talk, *utterance("a", 900, 100, "x"))) == [("x", 900, 900)]


def test_an_utterance_is_answered_once(talk: ClientConversation) -> None:
    events = utterance("a", 100, 900, "one")
    assert spans(receive(talk, *events)) == [("one", 100, 900)]
    assert receive(talk, *events) == []


def test_a_failed_utterance_is_refused_with_its_reason(talk: ClientConversation) -> None:
    receive(talk, *utterance("a", 0, 10, "x")[:-1])
    (refused,) = receive(talk, Failed(item_id="a", error=ErrorDetail(code="DataInspectionFailed")))
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, ContentRefused)
    assert not talk.ended


def test_silence_ends_with_nothing_but_the_end(talk: ClientConversation) -> None:
    talk.append(SECOND)
    talk.finish()
    assert receive(talk, Finished()) == [Ended(None)]


def test_what_was_heard_and_not_answered_at_the_end_is_reported(talk: ClientConversation) -> None:
    receive(talk, SpeechStarted(item_id="a", audio_start_ms=0))
    talk.finish()
    refused, _ = receive(talk, Finished())
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, ServiceFault)


def test_the_client_does_not_commit_in_vad_mode(talk: ClientConversation) -> None:
    talk.append(SECOND)
    with pytest.raises(RequestRejected):
        talk.commit()


def test_a_refused_piece_of_audio_ends_the_session_for_times_would_shift(talk: ClientConversation) -> None:
    event = talk.append(SECOND)
    detail = ErrorDetail(type="invalid_request_error", event_id=event.event_id)
    assert isinstance(receive(talk, ErrorEvent(error=detail))[-1], Ended)


def test_an_invalid_request_that_names_nothing_is_a_complaint(talk: ClientConversation) -> None:
    talk.append(SECOND)
    receive(talk, SpeechStarted(item_id="a"))
    (outcome,) = receive(talk, ErrorEvent(error=ErrorDetail(type="invalid_request_error")))
    assert isinstance(outcome, Complaint)


def test_how_much_is_unanswered_is_counted_from_the_last_answer(talk: ClientConversation) -> None:
    talk.append(SECOND)
    talk.append(SECOND)
    receive(talk, *utterance("a", 100, 900, "one"))
    assert talk.unanswered_ms == 1100
