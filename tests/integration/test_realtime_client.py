"""The client against a server that means well: what goes over the wire, and what comes of it."""

import threading
import time
from collections.abc import Iterator

import pytest

from realtime.client.options import Deadlines, SessionOptions
from realtime.client.session import FRAME_BYTES, Session
from realtime.protocol.conversation.outcomes import Answered, Refused, Result
from realtime.protocol.errors import ConnectionLost, ContentRefused, RealtimeError, RequestRejected, ServiceTimeout
from realtime.protocol.events import (
    Append,
    Commit,
    Committed,
    Completed,
    ErrorDetail,
    Failed,
    Finish,
    Finished,
    SessionConfig,
    SessionUpdate,
    SpeechStarted,
    SpeechStopped,
    Text,
    Transcription,
    TurnDetection,
    UnknownEvent,
)
from tests.fixtures.connect_proxy import connect_proxy
from tests.fixtures.hostile import MODEL, HostileServer, Peer, error, obey, said, serve_segments

SHORT = Deadlines(send_s=5, first_answer_s=5, quiet_s=5, segment_s=5, segment_per_s=0, finish_s=5, close_s=0.5)


@pytest.fixture
def good() -> Iterator[HostileServer]:
    with HostileServer(obey) as server:
        yield server


def options(server: HostileServer, **more: object) -> SessionOptions:
    return SessionOptions(**{"url": server.url, "model": "m-1", "deadlines": SHORT, **more})  # type: ignore[arg-type]  # as the test says


def test_segments_go_through_one_session_and_each_gets_its_answer(good: HostileServer) -> None:
    session = Session.open(options(good))
    segments = [bytes([number]) * 100_001 for number in range(5)]

    assert [session.transcribe(pcm).text for pcm in segments] == [said(pcm) for pcm in segments]
    assert session.model == MODEL
    assert session.alive
    session.finish()
    assert not session.alive
    assert len(good.peers) == 1
    assert isinstance(good.peers[0].events[-1], Finish)


def test_the_options_are_the_first_event_and_the_handshake_carries_the_rest(good: HostileServer) -> None:
    asked = options(good, key="sk-1", language="en", context="names", headers={"X-DashScope-WorkSpace": "ws-1"})
    Session.open(asked).finish()

    request, first = good.requests[0], good.peers[0].events[0]
    assert request.path == "/api-ws/v1/realtime?model=m-1"
    assert request.headers["Authorization"] == "Bearer sk-1"
    assert request.headers["X-DashScope-WorkSpace"] == "ws-1"
    assert isinstance(first, SessionUpdate)
    assert first.session == asked.config()
    assert isinstance(first.session, SessionConfig)
    assert isinstance(first.session.input_audio_transcription, Transcription)


def test_audio_goes_in_frames_and_each_is_announced_before_it_is_sent(good: HostileServer) -> None:
    session = Session.open(options(good))
    announced: list[int] = []
    session.transcribe(bytes(2 * FRAME_BYTES + 10), on_frame=announced.append)
    session.finish()

    appends = [len(event.pcm()) for event in good.peers[0].events if isinstance(event, Append)]
    assert announced == appends == [FRAME_BYTES, FRAME_BYTES, 10]


def test_a_guard_that_raises_stops_the_sending_at_once(good: HostileServer) -> None:
    session = Session.open(options(good))
    announced: list[int] = []

    def guard(n_bytes: int) -> None:
        announced.append(n_bytes)
        if len(announced) == 3:
            raise PermissionError("the lease is lost")

    with pytest.raises(PermissionError):
        session.transcribe(bytes(10 * FRAME_BYTES), on_frame=guard)
    assert not session.alive
    assert good.peers[0].audio_bytes <= 2 * FRAME_BYTES
    assert not any(isinstance(event, Commit) for event in good.peers[0].events)


def test_previews_are_handed_on_as_they_come() -> None:
    seen = threading.Event()
    previews: list[str] = []

    def script(peer: Peer) -> None:
        peer.greet()
        item_id, text = peer.segment()
        peer.say(Committed(item_id=item_id), Text(item_id=item_id, text="a", stash="b"))
        seen.wait(5)
        peer.say(Completed(item_id=item_id, transcript=text))
        peer.take()

    def look(text: str) -> None:
        previews.append(text)
        seen.set()

    with HostileServer(script) as server:
        session = Session.open(options(server))
        assert session.transcribe(b"aa", on_preview=look).text == said(b"aa")
        assert previews == ["ab"]
        session.close()


def test_the_pace_is_a_multiple_of_real_time(good: HostileServer) -> None:
    session = Session.open(options(good, pace=40.0))
    begun = time.monotonic()
    session.transcribe(bytes(20 * FRAME_BYTES))
    took_s = time.monotonic() - begun
    session.finish()
    # 20 s of audio at 40 times real time; the last frame need not be waited for.
    assert took_s >= 19 / 40


def test_eight_kilohertz_is_paced_and_asked_for_as_such(good: HostileServer) -> None:
    session = Session.open(options(good, sample_rate=8000, pace=1000.0))
    session.transcribe(bytes(16000))
    session.finish()
    first = good.peers[0].events[0]
    assert isinstance(first, SessionUpdate)
    assert first.session.sample_rate == 8000


def test_with_depth_the_next_segment_is_sent_before_the_last_is_answered() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        first, second = peer.segment(), peer.segment()
        peer.say(Committed(item_id=first[0]), Committed(item_id=second[0]))
        peer.say(Completed(item_id=second[0], transcript=second[1]), Completed(item_id=first[0], transcript=first[1]))
        peer.take_until(Finish)
        peer.say(Finished())

    with HostileServer(script) as server:
        session = Session.open(options(server, depth=2))
        pending = [session.submit(pcm) for pcm in (b"aa", b"bb")]
        assert [one.result().text for one in pending] == [said(b"aa"), said(b"bb")]
        session.finish()


def test_without_depth_a_segment_waits_for_the_answer_before_it(good: HostileServer) -> None:
    session = Session.open(options(good))
    first = session.submit(b"aa")
    second = session.submit(b"bb")
    session.finish()
    kinds = [type(event) for event in good.peers[0].events]
    assert kinds == [SessionUpdate, Append, Commit, Append, Commit, Finish]
    assert (first.result().text, second.result().text) == (said(b"aa"), said(b"bb"))


def test_a_failed_item_is_raised_and_the_session_goes_on() -> None:
    def answer(peer: Peer, item_id: str, text: str) -> None:
        if item_id == "item_1":
            peer.say(Failed(item_id=item_id, error=ErrorDetail(code="DataInspectionFailed")))
        else:
            peer.answer(item_id, text)

    def script(peer: Peer) -> None:
        peer.greet()
        serve_segments(peer, lambda item_id, text: answer(peer, item_id, text))

    with HostileServer(script) as server:
        session = Session.open(options(server))
        with pytest.raises(ContentRefused):
            session.transcribe(b"aa")
        assert session.alive
        assert session.transcribe(b"bb").text == said(b"bb")
        session.finish()


def test_an_invalid_request_keeps_the_connection() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.take_until(Append)
        commit = peer.take()
        peer.say(error("invalid_request_error", "invalid_value", event_id=commit.event_id))
        serve_segments(peer, peer.answer)

    with HostileServer(script) as server:
        session = Session.open(options(server))
        with pytest.raises(RequestRejected):
            session.transcribe(b"aa")
        assert session.transcribe(b"bb").text == said(b"bb")
        session.finish()


def test_a_closed_session_takes_nothing(good: HostileServer) -> None:
    session = Session.open(options(good))
    session.close()
    session.close()
    with pytest.raises(ConnectionLost):
        session.transcribe(b"aa")


def test_a_session_can_be_closed_while_its_caller_waits() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.wait()

    with HostileServer(script) as server:
        session = Session.open(options(server))
        pending = session.submit(b"aa")
        threading.Thread(target=session.close, daemon=True).start()
        with pytest.raises(ConnectionLost):
            pending.result()


def test_an_idle_session_answers_pings_and_lives() -> None:
    answered = threading.Event()

    def script(peer: Peer) -> None:
        peer.greet()
        if peer.connection.ping().wait(5):
            answered.set()
        serve_segments(peer, peer.answer)

    with HostileServer(script) as server:
        session = Session.open(options(server))
        assert answered.wait(5)
        assert session.transcribe(b"aa").text == said(b"aa")
        session.finish()


def test_proxies_of_the_environment_are_not_used(good: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    session = Session.open(options(good))
    session.finish()


def test_a_proxy_that_is_asked_for_is_used(good: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with connect_proxy() as proxy:
        session = Session.open(options(good, proxy=proxy.url))
        assert session.transcribe(b"aa").text == said(b"aa")
        session.finish()

    assert proxy.asked == [f"CONNECT {good.url.split('/')[2]}"]


def test_a_proxy_that_refuses_its_password_is_told_without_it(good: HostileServer) -> None:
    with connect_proxy() as proxy, pytest.raises(RealtimeError) as caught:
        Session.open(options(good, proxy=proxy.url.replace(":pw@", ":guess@")))

    assert caught.value.code == "service_unreachable"
    assert "guess" not in str(caught.value)
    assert not good.peers


def test_a_proxy_that_is_not_there_is_told_without_its_password(good: HostileServer) -> None:
    with pytest.raises(RealtimeError) as caught:
        Session.open(options(good, proxy="http://user:pw@127.0.0.1:1"))
    assert caught.value.code == "service_unreachable"
    assert "pw" not in str(caught.value)


# VAD mode.


def hear(peer: Peer, number: int) -> None:
    item_id = f"item_{number}"
    peer.say(
        SpeechStarted(item_id=item_id, audio_start_ms=number * 1000),
        SpeechStopped(item_id=item_id, audio_end_ms=number * 1000 + 500),
        Committed(item_id=item_id),
        Completed(item_id=item_id, transcript=f"utterance {number}"),
    )


def listen(peer: Peer) -> None:
    """A server in VAD mode that hears an utterance in each frame, and one more when it is asked to finish."""
    peer.greet()
    number = 0
    while not isinstance(peer.take(), Finish):
        hear(peer, number)
        number += 1
    hear(peer, number)
    peer.say(Finished())


def test_a_stream_gives_utterances_with_their_times() -> None:
    with HostileServer(listen) as server:
        session = Session.open(options(server, turn_detection=TurnDetection()))
        announced: list[int] = []
        ends = list(session.stream([bytes(FRAME_BYTES), b"", bytes(10)], on_frame=announced.append))

        assert ends == [
            Answered(n, Result(f"utterance {n}", item_id=f"item_{n}"), n * 1000, n * 1000 + 500) for n in range(3)
        ]
        assert announced == [FRAME_BYTES, 10]
        assert not session.alive


def test_a_stream_that_breaks_has_given_what_was_answered_before() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.take()
        hear(peer, 0)
        peer.say(error("server_error", "InternalError"))
        peer.wait()

    with HostileServer(script) as server:
        session = Session.open(options(server, turn_detection=TurnDetection()))
        ends: list[Answered | Refused] = []
        with pytest.raises(RealtimeError) as caught:
            collect(session.stream([bytes(FRAME_BYTES)] * 3), ends)
        assert caught.value.code == "service_fault"
        assert [end.result.text for end in ends if isinstance(end, Answered)] == ["utterance 0"]


def collect(stream: Iterator[Answered | Refused], into: list[Answered | Refused]) -> None:
    for end in stream:
        into.append(end)  # noqa: PERF402  # what came before the stream breaks is to be kept


def test_a_stream_whose_listener_is_gone_is_ended() -> None:
    with HostileServer(listen) as server:
        session = Session.open(options(server, turn_detection=TurnDetection(), pace=100.0))
        stream = session.stream(bytes(FRAME_BYTES) for _ in range(100))
        next(stream)
        stream.close()  # type: ignore[attr-defined]  # it is a generator
        assert not session.alive


def test_a_stream_that_falls_silent_over_an_utterance_is_given_up() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.take()
        peer.say(SpeechStarted(item_id="a", audio_start_ms=0), UnknownEvent(type="x", raw={"type": "x"}))
        peer.wait()

    with HostileServer(script) as server:
        quick = Deadlines(quiet_s=0.2, close_s=0.2)
        session = Session.open(options(server, turn_detection=TurnDetection(), pace=2.0, deadlines=quick))
        with pytest.raises(ServiceTimeout):
            list(session.stream(bytes(FRAME_BYTES) for _ in range(100)))


def test_each_mode_has_its_own_way_to_send(good: HostileServer) -> None:
    with pytest.raises(RequestRejected):
        next(iter(Session.open(options(good)).stream([b"aa"])))
    with pytest.raises(RequestRejected):
        Session.open(options(good, turn_detection=TurnDetection())).transcribe(b"aa")
