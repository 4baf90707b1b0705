"""The client against servers that mean ill, or are ill: each ends in the right error, and none holds the caller."""

import json
import struct
import time
from collections.abc import Callable

import pytest

from realtime.client.options import Deadlines, SessionOptions
from realtime.client.session import Session
from realtime.protocol.errors import (
    BillUnpaid,
    ConnectionLost,
    ContentRefused,
    KeyRefused,
    ModelUnknown,
    QuotaExceeded,
    RateLimited,
    RealtimeError,
    RequestRejected,
    ServiceFault,
    ServiceTimeout,
)
from realtime.protocol.events import Append, Committed, Completed, Failed, Finish, Finished, Text, UnknownEvent
from tests.fixtures.hostile import HostileServer, Peer, Script, error, join_readers, obey, said, serve_segments

# Long enough for a busy machine to connect, short enough for a test that waits for one of the others to pass.
QUICK = Deadlines(
    connect_s=5, update_s=5, send_s=0.3, first_answer_s=0.3, quiet_s=0.3, segment_s=0.9, segment_per_s=0, finish_s=0.3,
    close_s=0.2,
)  # fmt: skip
# Whatever is asserted below ends far sooner; a caller that is still held by then is held for ever.
HELD_S = 20.0
MIB = 1024 * 1024
# More than the buffers of two kernels take in from a sender whose peer does not read.
FLOOD = bytes(24 * MIB)


def open_session(server: HostileServer, deadlines: Deadlines = QUICK, depth: int = 1) -> Session:
    options = SessionOptions(url=server.url, model="m-1", key="sk-secret", depth=depth, deadlines=deadlines)
    return Session.open(options)


def raised(act: Callable[[], object]) -> RealtimeError:
    begun = time.monotonic()
    with pytest.raises(RealtimeError) as caught:
        act()
    assert time.monotonic() - begun < HELD_S
    assert "sk-secret" not in str(caught.value)
    return caught.value


def resets_mid_segment(peer: Peer) -> None:
    peer.greet()
    peer.take()
    peer.reset()


def resets_after_the_commit(peer: Peer) -> None:
    peer.greet()
    peer.segment()
    peer.reset()


def closes_before_the_answer(peer: Peer) -> None:
    peer.greet()
    peer.segment()
    peer.connection.close(1011)


def takes_a_segment_and_says_nothing(peer: Peer) -> None:
    peer.greet()
    peer.segment()
    peer.wait()


def acknowledges_and_says_no_more(peer: Peer) -> None:
    peer.greet()
    peer.say(Committed(item_id=peer.segment()[0]))
    peer.wait()


def only_pings(peer: Peer) -> None:
    peer.greet()
    peer.segment()
    for _ in peer.every(0.02):
        peer.connection.ping()


def previews_for_ever(peer: Peer) -> None:
    peer.greet()
    item_id, _ = peer.segment()
    for number in peer.every(0.02):
        peer.say(Text(item_id=item_id, text=str(number)))


def speaks_of_other_things_for_ever(peer: Peer) -> None:
    peer.greet()
    peer.say(Committed(item_id=peer.segment()[0]))
    for _ in peer.every(0.02):
        peer.say(UnknownEvent(type="x", raw={"type": "x"}), Completed(item_id="no-such-item"))


def trickles(peer: Peer) -> None:
    peer.greet()
    peer.segment()
    peer.send_raw(b"\x81\x7e" + struct.pack("!H", 1000))
    for _ in peer.every(0.02):
        peer.send_raw(b" ")


def answers_what_is_not_json(peer: Peer) -> None:
    peer.greet()
    peer.segment()
    peer.connection.send("<html>")


def answers_what_is_not_text(peer: Peer) -> None:
    peer.greet()
    peer.segment()
    peer.send_raw(b"\x81\x02\xff\xfe")


def answers_fields_of_the_wrong_kind(peer: Peer) -> None:
    peer.greet()
    peer.segment()
    peer.connection.send(json.dumps({"type": Completed.type, "transcript": {"text": "x"}}))


def breaks_the_rules_of_websockets(peer: Peer) -> None:
    peer.greet()
    peer.segment()
    peer.send_raw(b"\xff\xff\xff\xff")


def sends_a_message_without_end(peer: Peer) -> None:
    peer.greet()
    peer.segment()
    peer.send_raw(b"\x81\x7f" + struct.pack("!Q", 1 << 62))
    while True:
        peer.send_raw(bytes(MIB))


def finishes_unasked(peer: Peer) -> None:
    peer.greet()
    peer.segment()
    peer.say(Finished())
    peer.wait()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (resets_mid_segment, ConnectionLost),
        (resets_after_the_commit, ConnectionLost),
        (closes_before_the_answer, ConnectionLost),
        (takes_a_segment_and_says_nothing, ServiceTimeout),
        (acknowledges_and_says_no_more, ServiceTimeout),
        (only_pings, ServiceTimeout),
        (previews_for_ever, ServiceTimeout),
        (speaks_of_other_things_for_ever, ServiceTimeout),
        (trickles, ServiceTimeout),
        (answers_what_is_not_json, ServiceFault),
        (answers_what_is_not_text, ServiceFault),
        (answers_fields_of_the_wrong_kind, ServiceFault),
        (breaks_the_rules_of_websockets, ConnectionLost),
        (sends_a_message_without_end, ConnectionLost),
        (finishes_unasked, ServiceFault),
    ],
    ids=lambda value: value.__name__,
)
def test_a_segment_ends_in_the_right_error(script: Script, expected: type[RealtimeError]) -> None:
    with HostileServer(script) as server:
        session = open_session(server)
        assert type(raised(lambda: session.transcribe(bytes(100_000)))) is expected
        assert not session.alive


def test_a_peer_that_stops_reading_is_noticed_while_sending() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.wait()

    with HostileServer(script) as server:
        session = open_session(server)
        assert type(raised(lambda: session.transcribe(FLOOD))) is ServiceTimeout
        assert not session.alive


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDenied", KeyRefused),
        ("InvalidApiKey", KeyRefused),
        ("Arrearage", BillUnpaid),
        ("ModelNotFound", ModelUnknown),
        ("DataInspectionFailed", ContentRefused),
        ("Throttling.RateQuota", RateLimited),
        ("Throttling.AllocationQuota", QuotaExceeded),
        ("InvalidParameter", RequestRejected),
        ("InternalError", ServiceFault),
    ],
)
def test_an_error_event_is_raised_as_its_class(code: str, expected: type[RealtimeError]) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.segment()
        peer.say(error("server_error", code, "The key sk-secret is to blame."))

    with HostileServer(script) as server:
        session = open_session(server)
        problem = raised(lambda: session.transcribe(b"aa"))
        assert (type(problem), problem.service_code) == (expected, code)
        assert not session.alive


def test_a_service_that_says_why_and_hangs_up_is_quoted() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.take()
        peer.say(error("server_error", "Throttling", "Come slower."))
        peer.connection.close()

    with HostileServer(script) as server:
        session = open_session(server)
        assert type(raised(lambda: session.transcribe(FLOOD))) is RateLimited


def without_any_id(peer: Peer) -> None:
    peer.greet()
    serve_segments(peer, lambda _item_id, text: peer.say(Committed(), Completed(transcript=text)))


def answers_everything_twice(peer: Peer) -> None:
    peer.greet()

    def answer(item_id: str, text: str) -> None:
        peer.answer(item_id, text)
        peer.answer(item_id, text)

    serve_segments(peer, answer)


def repeats_the_last_answer_first(peer: Peer) -> None:
    peer.greet()
    last: list[Completed] = []

    def answer(item_id: str, text: str) -> None:
        peer.say(*last, Committed(item_id=item_id), *last, Completed(item_id=item_id, transcript=text), *last)
        last[:] = [Completed(item_id=item_id, transcript=text)]

    serve_segments(peer, answer)


def answers_before_it_acknowledges(peer: Peer) -> None:
    peer.greet()
    serve_segments(
        peer, lambda item_id, text: peer.say(Completed(item_id=item_id, transcript=text), Committed(item_id=item_id))
    )


def speaks_in_messages_of_a_mebibyte(peer: Peer) -> None:
    peer.greet()
    noise = UnknownEvent(type="x", raw={"type": "x", "noise": "x" * MIB})

    def answer(item_id: str, text: str) -> None:
        peer.say(noise)
        peer.answer(item_id, text)
        peer.say(noise)

    serve_segments(peer, answer)


def speaks_in_fragments_and_binary(peer: Peer) -> None:
    peer.greet()

    def answer(item_id: str, text: str) -> None:
        peer.connection.send(b"\x00\x01")
        whole = json.dumps({"type": Completed.type, "item_id": item_id, "transcript": text})
        peer.connection.send([whole[:10], whole[10:20], whole[20:]])

    serve_segments(peer, answer)


@pytest.mark.parametrize(
    "script",
    [
        obey,
        without_any_id,
        answers_everything_twice,
        repeats_the_last_answer_first,
        answers_before_it_acknowledges,
        speaks_in_messages_of_a_mebibyte,
        speaks_in_fragments_and_binary,
    ],
    ids=lambda script: script.__name__,
)
@pytest.mark.parametrize("depth", [1, 3])
def test_odd_manners_do_no_harm(script: Script, depth: int) -> None:
    patient = Deadlines(close_s=0.2)
    with HostileServer(script) as server:
        session = open_session(server, patient, depth)
        segments = [bytes([number]) * 1000 for number in range(6)]
        pending = [session.submit(pcm) for pcm in segments]
        assert [one.result().text for one in pending] == [said(pcm) for pcm in segments]
        session.finish()


def test_an_answer_of_a_mebibyte_comes_whole() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        serve_segments(peer, lambda item_id, _text: peer.answer(item_id, "é" * MIB))

    with HostileServer(script) as server:
        session = open_session(server, Deadlines(close_s=0.2))
        assert session.transcribe(b"aa").text == "é" * MIB
        session.finish()


def test_answers_out_of_order_find_their_segments() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        segments = [peer.segment() for _ in range(3)]
        peer.say(*[Committed(item_id=item_id) for item_id, _ in segments])
        peer.say(*[Completed(item_id=item_id, transcript=text) for item_id, text in reversed(segments)])
        peer.take_until(Finish)
        peer.say(Finished())

    with HostileServer(script) as server:
        session = open_session(server, Deadlines(close_s=0.2), depth=3)
        pending = [session.submit(pcm) for pcm in (b"aa", b"bb", b"cc")]
        assert [one.result().text for one in pending] == [said(pcm) for pcm in (b"aa", b"bb", b"cc")]
        session.finish()


def test_with_depth_one_timeout_ends_all_that_wait() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.take_until(Append)
        peer.wait()

    with HostileServer(script) as server:
        session = open_session(server, depth=2)
        pending = [session.submit(pcm) for pcm in (b"aa", b"bb")]
        assert [type(raised(one.result)) for one in pending] == [ServiceTimeout, ServiceTimeout]


def never_finishes(peer: Peer) -> None:
    peer.greet()
    peer.wait()


def closes_before_finished(peer: Peer) -> None:
    peer.greet()
    peer.take_until(Finish)
    peer.connection.close()


def refuses_to_finish(peer: Peer) -> None:
    peer.greet()
    peer.take_until(Finish)
    peer.say(error("invalid_request_error", "invalid_value", event_id="finish"))
    peer.wait()


def chats_instead_of_finishing(peer: Peer) -> None:
    peer.greet()
    for _ in peer.every(0.02):
        peer.say(Failed(item_id="no-such-item"))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (never_finishes, ServiceTimeout),
        (closes_before_finished, ConnectionLost),
        (refuses_to_finish, RequestRejected),
        (chats_instead_of_finishing, ServiceTimeout),
    ],
    ids=lambda value: value.__name__,
)
def test_an_end_that_does_not_come_is_an_error(script: Script, expected: type[RealtimeError]) -> None:
    with HostileServer(script) as server:
        session = open_session(server)
        assert type(raised(session.finish)) is expected
        assert not session.alive


def test_no_thread_stays_behind() -> None:
    with HostileServer(obey, takes_a_segment_and_says_nothing, resets_mid_segment) as server:
        open_session(server).finish()
        for _ in range(2):
            session = open_session(server)
            raised(lambda session=session: session.transcribe(bytes(100_000)))  # type: ignore[misc]  # bound in the loop
    join_readers()
