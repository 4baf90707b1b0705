"""Whatever a server says, in whatever order: each segment ends once, and nothing but a RealtimeError is raised."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.protocol.conversation.client_side import ClientConversation
from realtime.protocol.conversation.outcomes import Answered, Ended, Outcome, Refused
from realtime.protocol.errors import ConnectionLost, RealtimeError
from realtime.protocol.events import (
    Committed,
    Completed,
    ErrorDetail,
    ErrorEvent,
    Failed,
    Finished,
    Item,
    ItemCreated,
    ServerEvent,
    SessionConfig,
    SessionCreated,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
    Text,
    TurnDetection,
    UnknownEvent,
)

MANUAL = SessionConfig(turn_detection=None)
VAD = SessionConfig(turn_detection=TurnDetection())

Step = ServerEvent | str

item_ids = st.sampled_from([None, "", "a", "b", "c", "d"])
event_ids = st.sampled_from(
    [None, "update", "finish", "segment_0_commit", "segment_1_commit", "segment_1_audio_2", "segment_99999_", "x"]
)
error_types = st.sampled_from([None, "invalid_request_error", "invalid_request_error", "server_error", "?"])
codes = st.sampled_from([None, 429, "InternalError", "DataInspectionFailed", "AccessDenied", "Throttling.RateQuota"])
details = st.builds(ErrorDetail, type=error_types, code=codes, event_id=event_ids)
milliseconds = st.none() | st.integers()
server_events: st.SearchStrategy[ServerEvent] = st.one_of(
    st.builds(SessionCreated),
    st.builds(SessionUpdated),
    st.builds(ErrorEvent, error=details),
    st.builds(SpeechStarted, item_id=item_ids, audio_start_ms=milliseconds),
    st.builds(SpeechStopped, item_id=item_ids, audio_end_ms=milliseconds),
    st.builds(Committed, item_id=item_ids),
    st.builds(Committed, item_id=item_ids),
    st.builds(ItemCreated, item=st.builds(Item, id=item_ids)),
    st.builds(Text, item_id=item_ids),
    st.builds(Completed, item_id=item_ids),
    st.builds(Completed, item_id=item_ids),
    st.builds(Failed, item_id=item_ids, error=details),
    st.builds(Finished),
    st.just(UnknownEvent(type="x", raw={})),
)
ours = st.sampled_from(["append", "commit", "commit", "append", "finish", "lost"])
steps: st.SearchStrategy[list[Step]] = st.lists(st.one_of(server_events, ours, server_events), max_size=40)
harmless = st.one_of(
    st.builds(SessionUpdated),
    st.builds(Text, item_id=item_ids),
    st.builds(SpeechStarted, item_id=item_ids),
    st.builds(SpeechStopped, item_id=item_ids),
    st.just(UnknownEvent(type="x", raw={})),
    st.builds(SessionCreated),
)


class Played:
    """A conversation with all that came of a list of steps."""

    def __init__(self, config: SessionConfig) -> None:
        self.talk = ClientConversation(config)
        self.outcomes: list[Outcome] = []
        self.committed: list[int] = []
        self._moves: dict[str, Callable[[], object]] = {
            "append": lambda: self.talk.append(b"\0\0"),
            "commit": lambda: self.committed.append(self.talk.commit()[1]),
            "finish": self.talk.finish,
            "lost": lambda: self.outcomes.extend(self.talk.lost(ConnectionLost())),
        }

    def play(self, steps: list[Step]) -> None:
        for step in steps:
            with suppress(RealtimeError):
                if isinstance(step, str):
                    self._moves[step]()
                else:
                    self.outcomes += self.talk.receive(step)

    def ends(self) -> Counter[int]:
        return Counter(outcome.segment for outcome in self.outcomes if isinstance(outcome, Answered | Refused))


@settings(deadline=None)
@given(steps)
def test_each_commit_ends_exactly_once_whatever_the_server_says(steps: list[Step]) -> None:
    played = Played(MANUAL)
    played.play(steps)
    played.play(["lost"])

    assert played.ends() == Counter(played.committed)


@settings(deadline=None)
@given(steps)
def test_each_utterance_ends_exactly_once_whatever_the_server_says(steps: list[Step]) -> None:
    played = Played(VAD)
    played.play(steps)
    played.play(["lost"])

    ends = played.ends()
    assert set(ends.values()) <= {1}
    assert sorted(ends) == list(range(played.talk.segments.next_number))


@settings(deadline=None)
@given(st.sampled_from([MANUAL, VAD]), steps, st.lists(server_events))
def test_a_session_ends_once_and_says_nothing_afterwards(
    config: SessionConfig, steps: list[Step], later: list[ServerEvent]
) -> None:
    played = Played(config)
    played.play([*steps, "lost", *later])

    assert [type(outcome) for outcome in played.outcomes].count(Ended) == 1
    assert isinstance(played.outcomes[-1], Ended)


@settings(deadline=None)
@given(steps)
def test_an_item_id_is_never_the_answer_to_two_segments(steps: list[Step]) -> None:
    played = Played(MANUAL)
    played.play([SessionUpdated(), *steps])

    named = [one.result.item_id for one in played.outcomes if isinstance(one, Answered) and one.result.item_id]
    assert len(named) == len(set(named))


@settings(deadline=None)
@given(st.permutations(range(6)), st.lists(harmless, max_size=6), st.data())
def test_named_answers_find_their_segments_in_any_order(
    order: list[int], noise: list[ServerEvent], data: st.DataObject
) -> None:
    played = Played(MANUAL)
    played.play([SessionUpdated(), *(["append", "commit"] * 6)])
    answers: list[Step] = [Completed(item_id=f"item_{number}", transcript=str(number)) for number in order]
    extra = data.draw(st.lists(st.sampled_from(answers), max_size=4))
    played.play([Committed(item_id=f"item_{number}") for number in range(6)])
    played.play(data.draw(st.permutations([*answers, *extra, *noise])))

    answered = {one.segment: one.result.text for one in played.outcomes if isinstance(one, Answered)}
    assert answered == {number: str(number) for number in range(6)}
    assert set(played.ends().values()) == {1}


@dataclass(frozen=True)
class Manners:
    """How a server names things. Whatever it refuses, it answers in the order of the commits."""

    names_commits: bool
    names_answers: bool
    names_errors: bool


@dataclass(frozen=True)
class Fate:
    """What becomes of a segment of two pieces of audio."""

    refused_piece: int | None
    is_committed: bool
    fails: bool


manners = st.builds(Manners, st.booleans(), st.booleans(), st.booleans())
fates = st.builds(Fate, st.sampled_from([None, None, None, 1, 2]), st.sampled_from([True, True, False]), st.booleans())


def server_says(number: int, fate: Fate, manner: Manners) -> list[ServerEvent]:
    """All that a server says of a segment, its refusals first."""
    item_id = f"item_{number}"
    in_answer = item_id if manner.names_answers else None
    says: list[ServerEvent] = []
    if fate.refused_piece:
        says.append(refusal_of(f"segment_{number}_audio_{2 * number + fate.refused_piece}", manner))
    if not fate.is_committed:
        return [*says, refusal_of(f"segment_{number}_commit", manner)]
    says.append(Committed(item_id=item_id if manner.names_commits else None))
    return [*says, Failed(item_id=in_answer) if fate.fails else Completed(item_id=in_answer, transcript=str(number))]


def refusal_of(event_id: str, manner: Manners) -> ErrorEvent:
    return ErrorEvent(
        error=ErrorDetail(type="invalid_request_error", event_id=event_id if manner.names_errors else None)
    )


@settings(deadline=None)
@given(manners, st.lists(fates, min_size=1, max_size=6), st.data())
def test_no_answer_goes_to_another_segment_whatever_is_refused(
    manner: Manners, fates: list[Fate], data: st.DataObject
) -> None:
    played = Played(MANUAL)
    played.play([SessionUpdated()])
    unsent: list[Step] = ["append", "append", "commit"] * len(fates)
    unsaid = [(number, event) for number, fate in enumerate(fates) for event in server_says(number, fate, manner)]
    while unsent or unsaid:
        # A server speaks of a segment once its audio was sent, and any number of commits later.
        may_speak = unsaid and len(played.committed) > unsaid[0][0]
        if unsent and not (may_speak and data.draw(st.booleans())):
            played.play([unsent.pop(0)])
        elif unsaid:
            played.play([unsaid.pop(0)[1]])

    for end in played.outcomes:
        if isinstance(end, Answered):
            assert end.result.text == str(end.segment)
            assert fates[end.segment] == Fate(None, is_committed=True, fails=False)
