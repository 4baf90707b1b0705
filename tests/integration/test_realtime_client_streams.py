"""Streams in VAD mode against servers that are slow, or only pretend to be at work."""

from dataclasses import replace

import pytest

from realtime.client.options import Deadlines, SessionOptions
from realtime.client.session import FRAME_BYTES, UTTERANCES_AHEAD, Session
from realtime.protocol.errors import ServiceTimeout
from realtime.protocol.events import (
    Committed,
    Completed,
    Finish,
    Finished,
    SpeechStarted,
    SpeechStopped,
    Text,
    TurnDetection,
)
from tests.fixtures.hostile import HostileServer, Peer

SHORT = Deadlines(send_s=5, quiet_s=5, segment_s=0.5, segment_per_s=0, finish_s=5, close_s=0.5)
FRAME = b"\1\0" * (FRAME_BYTES // 2)


def open_session(server: HostileServer, deadlines: Deadlines = SHORT, *, pace: float = 0) -> Session:
    vad = TurnDetection()
    return Session.open(SessionOptions(url=server.url, model="m", turn_detection=vad, deadlines=deadlines, pace=pace))


def speak(peer: Peer, number: int) -> None:
    """An utterance a frame, spoken and not answered."""
    peer.take()
    item = f"item_{number}"
    peer.say(
        SpeechStarted(item_id=item, audio_start_ms=number * 1000),
        SpeechStopped(item_id=item, audio_end_ms=number * 1000 + 900),
        Committed(item_id=item),
    )


def test_a_stream_does_not_run_away_from_a_slow_service() -> None:
    sent: list[int] = []
    seen: list[int] = []

    def script(peer: Peer) -> None:
        peer.greet()
        for number in range(UTTERANCES_AHEAD):
            speak(peer, number)
        peer.wait(0.7)  # time enough to send too much
        seen.append(len(sent))
        for number in range(UTTERANCES_AHEAD):
            peer.say(Completed(item_id=f"item_{number}", transcript=str(number)))
        peer.take_until(Finish)
        peer.say(Finished())

    with HostileServer(script) as server:
        session = open_session(server, replace(SHORT, segment_s=5), pace=100)
        ends = list(session.stream(paced(40), on_frame=sent.append))

    assert len(ends) == UTTERANCES_AHEAD
    assert len(sent) == 40
    assert seen[0] < 40


def paced(frames: int) -> list[bytes]:
    return [FRAME] * frames


def test_a_service_that_only_says_it_is_at_work_is_given_up() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        speak(peer, 0)
        for _ in peer.every(0.05):
            peer.say(Text(item_id="item_0", text="", stash="um"))

    with HostileServer(script) as server, pytest.raises(ServiceTimeout):
        list(open_session(server, replace(SHORT, finish_s=0.3)).stream(paced(1)))


def test_a_guard_is_asked_while_answers_are_waited_for() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        speak(peer, 0)
        peer.wait()

    def guard() -> None:
        raise PermissionError

    with HostileServer(script) as server:
        session = open_session(server)
        with pytest.raises(PermissionError):
            list(session.stream(paced(1), on_wait=guard))
        assert not session.alive
