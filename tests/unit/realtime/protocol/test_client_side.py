"""The client's rules in manual mode: whose answer is whose, and what an error ends."""

import pytest

from realtime.protocol.conversation.client_side import ClientConversation
from realtime.protocol.conversation.outcomes import (
    Answered,
    AtWork,
    Complaint,
    Ended,
    Outcome,
    Preview,
    Ready,
    Refused,
    Result,
)
from realtime.protocol.errors import (
    ConnectionLost,
    ContentRefused,
    KeyRefused,
    RateLimited,
    RequestRejected,
    ServiceFault,
    ServiceTimeout,
)
from realtime.protocol.events import (
    Commit,
    Committed,
    Completed,
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
    UnknownEvent,
)

MANUAL = SessionConfig(sample_rate=16000, turn_detection=None)
KEEPING = "invalid_request_error"


@pytest.fixture
def talk() -> ClientConversation:
    conversation = ClientConversation(MANUAL, model="asked-for", secret="sk-secret")
    conversation.receive(SessionUpdated())
    return conversation


def commit(talk: ClientConversation, pcm: bytes = b"\0\0") -> int:
    talk.append(pcm)
    return talk.commit()[1]


def receive(talk: ClientConversation, *events: ServerEvent) -> list[Outcome]:
    return [outcome for event in events for outcome in talk.receive(event)]


def error(kind: str, code: str | None = None, message: str = "", event_id: str | None = None) -> ErrorEvent:
    return ErrorEvent(error=ErrorDetail(type=kind, code=code, message=message, event_id=event_id))


def texts(outcomes: list[Outcome]) -> dict[int, str]:
    return {outcome.segment: outcome.result.text for outcome in outcomes if isinstance(outcome, Answered)}


def test_the_options_go_first_and_are_named_in_the_answer() -> None:
    talk = ClientConversation(MANUAL, model="asked-for")

    assert talk.update() == SessionUpdate(event_id="update", session=MANUAL)
    assert talk.receive(SessionCreated(session=SessionInfo(model="announced"))) == []
    assert talk.model == "announced"
    assert talk.receive(SessionUpdated(session=SessionInfo(model="renamed"))) == [Ready("renamed")]
    assert talk.receive(SessionUpdated()) == []


def test_a_service_that_names_no_model_is_taken_at_the_word_of_the_request(talk: ClientConversation) -> None:
    assert talk.model == "asked-for"


def test_a_segment_is_acknowledged_previewed_and_answered(talk: ClientConversation) -> None:
    number = commit(talk)
    outcomes = receive(
        talk,
        Committed(item_id="a"),
        ItemCreated(item=Item(id="a")),
        Text(item_id="a", text="Hello", stash=" wor", language="en"),
        Text(item_id="a", text="Hello world", stash=""),
        Completed(item_id="a", transcript="Hello world.", language="en", emotion="happy", usage={"seconds": 1}),
    )

    assert outcomes == [
        AtWork(number),
        Preview(number, "Hello wor", "en"),
        Preview(number, "Hello world"),
        Answered(number, Result("Hello world.", "en", "happy", {"seconds": 1}, "a")),
    ]


@pytest.mark.parametrize("usage", [None, 3, "x", [1, [2]], {"a": {"b": []}}])
def test_usage_of_any_shape_is_kept_as_it_came(talk: ClientConversation, usage: object) -> None:
    commit(talk)
    (outcome,) = receive(talk, Completed(transcript="x", usage=usage))
    assert isinstance(outcome, Answered)
    assert outcome.result.usage == usage


def test_many_commits_on_one_connection_are_each_answered(talk: ClientConversation) -> None:
    for number in range(50):
        assert commit(talk) == number
        item = f"item_{number}"
        outcomes = receive(talk, Committed(item_id=item), Completed(item_id=item, transcript=item))
        assert texts(outcomes) == {number: item}


def test_answers_are_paired_by_item_id_in_whatever_order_they_come(talk: ClientConversation) -> None:
    first, second = commit(talk), commit(talk)
    outcomes = receive(
        talk,
        Committed(item_id="a"),
        Committed(item_id="b"),
        Completed(item_id="b", transcript="two"),
        Completed(item_id="a", transcript="one"),
    )
    assert texts(outcomes) == {first: "one", second: "two"}


@pytest.mark.parametrize(("in_committed", "in_completed"), [(False, True), (True, False), (False, False)])
def test_order_tells_where_a_server_leaves_the_item_id_out(
    talk: ClientConversation, in_committed: bool, in_completed: bool
) -> None:
    answers: dict[int, str] = {}
    numbers = [commit(talk), commit(talk)]
    for item in ("a", "b"):
        receive(talk, Committed(item_id=item if in_committed else None))
    for item in ("a", "b"):
        answers |= texts(receive(talk, Completed(item_id=item if in_completed else None, transcript=item)))
    assert answers == dict(zip(numbers, ("a", "b"), strict=True))


def test_an_empty_item_id_is_none(talk: ClientConversation) -> None:
    number = commit(talk)
    assert texts(receive(talk, Committed(item_id=""), Completed(item_id="", transcript="x"))) == {number: "x"}


def test_the_item_that_was_created_names_a_nameless_commit(talk: ClientConversation) -> None:
    first, second = commit(talk), commit(talk)
    receive(talk, Committed(), ItemCreated(item=Item(id="a")), Committed(), ItemCreated(item=Item(id="b")))
    outcomes = receive(talk, Completed(item_id="b", transcript="two"), Completed(item_id="a", transcript="one"))
    assert texts(outcomes) == {first: "one", second: "two"}


def test_a_server_that_acknowledges_nothing_is_understood(talk: ClientConversation) -> None:
    assert texts(receive(talk, Completed(item_id="early", transcript="x"))) == {}
    number = commit(talk)
    assert texts(receive(talk, Completed(item_id="a", transcript="x"))) == {number: "x"}


def test_an_answer_before_its_acknowledgement_waits_for_it(talk: ClientConversation) -> None:
    commit(talk)
    receive(talk, Committed(item_id="a"), Completed(item_id="a"))
    number = commit(talk)

    assert receive(talk, Completed(item_id="b", transcript="x")) == []
    assert texts(receive(talk, Committed(item_id="b"))) == {number: "x"}


def test_a_second_answer_to_an_item_reaches_nobody(talk: ClientConversation) -> None:
    commit(talk)
    again = Completed(item_id="a", transcript="one")
    receive(talk, Committed(item_id="a"), again)
    second = commit(talk)

    assert receive(talk, again, Failed(item_id="a"), Text(item_id="a", text="x"), Committed(item_id="a")) == []
    assert texts(receive(talk, Committed(item_id="b"), again, Completed(item_id="b", transcript="two"))) == {
        second: "two"
    }


def test_a_second_nameless_answer_does_not_reach_the_next_segment(talk: ClientConversation) -> None:
    commit(talk)
    receive(talk, Committed(), Completed(transcript="one"))
    second = commit(talk)

    assert receive(talk, Completed(transcript="one")) == []
    assert texts(receive(talk, Committed(), Completed(transcript="two"))) == {second: "two"}


def test_a_preview_before_the_commit_is_of_the_segment_that_is_being_sent(talk: ClientConversation) -> None:
    talk.append(b"\0\0")
    assert receive(talk, Text(item_id="a", text="He", stash="l")) == [Preview(0, "Hel")]


def test_a_preview_of_nothing_comes_to_nothing(talk: ClientConversation) -> None:
    assert receive(talk, Text(item_id="a", text="He")) == []


def test_a_failed_item_ends_its_segment_and_not_the_session(talk: ClientConversation) -> None:
    first, second = commit(talk), commit(talk)
    receive(talk, Committed(item_id="a"), Committed(item_id="b"))

    (refused,) = receive(talk, Failed(item_id="a", error=ErrorDetail(code="DataInspectionFailed")))
    assert isinstance(refused, Refused)
    assert refused.segment == first
    assert isinstance(refused.error, ContentRefused)
    assert not talk.ended
    assert texts(receive(talk, Completed(item_id="b", transcript="two"))) == {second: "two"}


def test_unknown_events_and_those_of_the_other_mode_come_to_nothing(talk: ClientConversation) -> None:
    number = commit(talk)
    unknown = UnknownEvent(type="rate_limits.updated", raw={})
    assert receive(talk, unknown, SpeechStarted(item_id="v"), SpeechStopped(item_id="v")) == []
    assert texts(receive(talk, Committed(item_id="a"), Completed(item_id="a", transcript="x"))) == {number: "x"}


def test_a_nul_in_a_transcript_is_left_out(talk: ClientConversation) -> None:
    number = commit(talk)
    assert texts(receive(talk, Completed(transcript="a\0b"))) == {number: "ab"}


# Errors.


def test_an_invalid_request_keeps_the_connection_and_ends_the_segment_it_names(talk: ClientConversation) -> None:
    talk.append(b"\0\0")
    event, first = talk.commit()
    second = commit(talk)

    (refused,) = receive(talk, error(KEEPING, "invalid_value", event_id=event.event_id))
    assert isinstance(refused, Refused)
    assert (refused.segment, type(refused.error)) == (first, RequestRejected)
    assert not talk.ended
    assert texts(receive(talk, Committed(item_id="b"), Completed(item_id="b", transcript="x"))) == {second: "x"}


def test_an_invalid_request_that_names_no_commit_ends_the_session(talk: ClientConversation) -> None:
    first = commit(talk)
    receive(talk, Committed(item_id="a"))
    second = commit(talk)

    refused = {one.segment: type(one.error) for one in receive(talk, error(KEEPING)) if isinstance(one, Refused)}
    # The oldest that is not acknowledged is meant; the other has done nothing wrong.
    assert refused == {first: ConnectionLost, second: RequestRejected}
    assert talk.ended


def test_a_commit_that_is_refused_after_its_acknowledgement_ends_the_session(talk: ClientConversation) -> None:
    talk.append(b"\0\0")
    event, _ = talk.commit()
    receive(talk, Committed())

    assert isinstance(receive(talk, error(KEEPING, event_id=event.event_id))[-1], Ended)


@pytest.mark.parametrize("acknowledged", [True, False])
def test_a_refused_piece_of_a_committed_segment_ends_the_session(talk: ClientConversation, acknowledged: bool) -> None:
    audio = talk.append(b"\0\0")
    _, first = talk.commit()
    second = commit(talk)
    receive(talk, *[Committed(item_id="a")] * acknowledged)

    refused = {
        one.segment: type(one.error)
        for one in receive(talk, error(KEEPING, "invalid_value", event_id=audio.event_id))
        if isinstance(one, Refused)
    }
    assert refused == {first: RequestRejected, second: ConnectionLost}
    assert receive(talk, Committed(item_id="a"), Completed(item_id="a", transcript="words of the first")) == []


def test_an_error_about_something_that_is_over_is_only_a_complaint(talk: ClientConversation) -> None:
    talk.append(b"\0\0")
    event, _ = talk.commit()
    receive(talk, Completed(transcript="x"))

    (named,) = receive(talk, error(KEEPING, event_id=event.event_id))
    (nameless,) = receive(talk, error(KEEPING))
    assert isinstance(named, Complaint)
    assert isinstance(nameless, Complaint)
    assert not talk.ended


@pytest.mark.parametrize("with_event_id", [True, False])
def test_a_refused_piece_of_audio_ends_the_session_for_its_buffer_is_unknown(
    talk: ClientConversation, with_event_id: bool
) -> None:
    event = talk.append(b"\0\0")
    outcomes = receive(talk, error(KEEPING, "invalid_value", event_id=event.event_id if with_event_id else None))

    assert isinstance(outcomes[-1], Ended)
    with pytest.raises(RequestRejected):
        talk.append(b"\0\0")


def test_refused_options_end_the_session() -> None:
    talk = ClientConversation(MANUAL)
    (ended,) = receive(talk, error(KEEPING, "InvalidParameter", event_id=talk.update().event_id))
    assert isinstance(ended, Ended)
    assert isinstance(ended.error, RequestRejected)


@pytest.mark.parametrize("kind", ["server_error", "rate_limit_error", ""])
def test_any_other_error_ends_the_session_and_all_that_is_open(talk: ClientConversation, kind: str) -> None:
    commit(talk)
    commit(talk)
    outcomes = receive(talk, error(kind, "InternalError"))

    assert [type(outcome) for outcome in outcomes] == [Refused, Refused, Ended]
    assert all(isinstance(outcome.error, ServiceFault) for outcome in outcomes if isinstance(outcome, Refused))
    assert talk.ended


def test_what_is_refused_for_good_in_one_segment_is_not_held_against_the_others(talk: ClientConversation) -> None:
    commit(talk)
    commit(talk)
    talk.append(b"\0\0")
    first, second, _ = receive(talk, error("server_error", "DataInspectionFailed"))

    assert isinstance(first, Refused)
    assert isinstance(first.error, ContentRefused)
    assert isinstance(second, Refused)
    assert isinstance(second.error, ConnectionLost)
    with pytest.raises(ConnectionLost):
        talk.commit()


def test_the_key_is_kept_out_of_what_the_service_says(talk: ClientConversation) -> None:
    (ended,) = receive(talk, error("server_error", "InvalidApiKey", "Incorrect API key: sk-secret"))
    assert isinstance(ended, Ended)
    assert isinstance(ended.error, KeyRefused)
    assert "sk-secret" not in str(ended.error)
    assert "Incorrect API key: ***" in str(ended.error)


def test_a_lost_connection_ends_what_is_open_with_its_reason(talk: ClientConversation) -> None:
    number = commit(talk)
    reason = ServiceTimeout()

    assert talk.lost(reason) == [Refused(number, reason), Ended(reason)]
    assert talk.lost(ConnectionLost()) == []
    assert receive(talk, Completed(transcript="late")) == []


# What we may send, and the end.


def test_events_carry_ids_that_say_what_they_belong_to(talk: ClientConversation) -> None:
    audio = [talk.append(b"\0\0").event_id, talk.append(b"\0\0").event_id]
    assert [*audio, talk.commit()[0].event_id] == ["segment_0_audio_1", "segment_0_audio_2", "segment_0_commit"]
    assert talk.append(b"\0\0").event_id == "segment_1_audio_3"


def test_there_is_no_commit_of_nothing(talk: ClientConversation) -> None:
    with pytest.raises(RequestRejected):
        talk.commit()


def test_commit_and_finish_back_to_back_leave_nothing_unanswered(talk: ClientConversation) -> None:
    talk.append(b"\0\0")
    event, number = talk.commit()
    assert (type(event), type(talk.finish())) == (Commit, Finish)

    outcomes = receive(talk, Committed(item_id="a"), Completed(item_id="a", transcript="x"), Finished())
    assert texts(outcomes) == {number: "x"}
    assert outcomes[-1] == Ended(None)
    assert talk.error is None


def test_nothing_is_sent_after_finish(talk: ClientConversation) -> None:
    talk.finish()
    for send in (lambda: talk.append(b"\0\0"), talk.commit, talk.finish):
        with pytest.raises(ConnectionLost):
            send()


@pytest.mark.parametrize("asked", [True, False])
def test_a_session_that_finishes_with_a_segment_open_has_failed_it(talk: ClientConversation, asked: bool) -> None:
    number = commit(talk)
    if asked:
        talk.finish()
    refused, ended = receive(talk, Finished())

    assert isinstance(refused, Refused)
    assert isinstance(ended, Ended)
    assert (refused.segment, type(refused.error)) == (number, ServiceFault)
    assert isinstance(ended.error, ServiceFault)


def test_a_refused_finish_ends_the_session_instead_of_waiting(talk: ClientConversation) -> None:
    outcomes = receive(talk, error(KEEPING, event_id=talk.finish().event_id))
    assert isinstance(outcomes[-1], Ended)


def test_limits_are_seen_in_an_event_as_well(talk: ClientConversation) -> None:
    commit(talk)
    refused, _ = receive(talk, error(KEEPING, "x", "Requests rate limit exceeded"))
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, RateLimited)
