"""Servers that change their manners at random: the client never hangs, and never takes one answer for another's.

``LONGHAND_TEST_SOAK_RUNS`` sets how many sessions are tried.
"""

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pytest

from realtime.client.options import Deadlines, SessionOptions
from realtime.client.session import PendingSegment, Session
from realtime.protocol.conversation.outcomes import Answered
from realtime.protocol.errors import RealtimeError
from realtime.protocol.events import (
    Append,
    Commit,
    Committed,
    Completed,
    ErrorDetail,
    Failed,
    Finish,
    Finished,
    SpeechStarted,
    SpeechStopped,
    Text,
    TurnDetection,
)
from tests.fixtures.hostile import HostileServer, Peer, error, join_readers, said

RUNS = int(os.environ.get("LONGHAND_TEST_SOAK_RUNS", "50"))
AT_ONCE = 10
SEGMENTS = 5
SECOND_BYTES = 32_000
SLACK_S = 15.0  # of a session on a busy machine, with nine others beside it
DEADLINES = Deadlines(
    connect_s=5, update_s=2, send_s=0.5, first_answer_s=0.5, quiet_s=0.5, segment_s=1, segment_per_s=0, finish_s=0.5,
    close_s=0.2,
)  # fmt: skip
# Whoever misses one of them has ended, so that each counts once; but the segments follow one another.
SESSION_S = (
    SLACK_S
    + sum((DEADLINES.connect_s, DEADLINES.update_s, DEADLINES.send_s, DEADLINES.finish_s, 3 * DEADLINES.close_s))
    + SEGMENTS * DEADLINES.segment_s
)


def one_odd_act(peer: Peer, dice: random.Random, item_id: str, text: str) -> bool:
    """Something that a server may do with a segment, in the spirit of the moment; True where it has answered it."""
    named = dice.choice([item_id, item_id, None])
    completed = Completed(item_id=named, transcript=text)
    answers: list[Callable[[], object]] = [
        lambda: peer.answer(item_id, text),
        lambda: peer.answer(item_id, text),
        lambda: peer.say(Committed(item_id=named), Text(item_id=named, text="?"), completed, completed),
        lambda: peer.wait(dice.choice([0.01, 0.2])) or peer.answer(item_id, text),  # type: ignore[func-returns-value]  # nothing is asked of it
        # Without an id it would be the answer to the segment before, of those that were sent ahead.
        lambda: peer.say(replace(completed, item_id=item_id), Committed(item_id=item_id)),
        lambda: peer.say(Committed(item_id=item_id), Failed(item_id=item_id, error=ErrorDetail(code="InternalError"))),
    ]
    others: list[Callable[[], object]] = [
        lambda: peer.say(error("invalid_request_error", "invalid_value")),
        lambda: peer.say(error("server_error", dice.choice(["InternalError", "Throttling", None]))),
        lambda: peer.say(Finished()),
        lambda: peer.connection.send(dice.choice(["", "{}", "[]", '{"type":"x"}', "\x00", '{"type":"error"}'])),
        lambda: peer.send_raw(dice.randbytes(dice.randrange(1, 200))),
        peer.connection.ping,
        lambda: peer.wait(dice.choice([0.01, 0.2, 1.0])),
        peer.reset,
        peer.connection.close,
    ]
    act = dice.choice(answers if dice.random() < 0.8 else others)
    act()
    return act in answers


def moody(seed: int) -> Callable[[Peer], None]:
    dice = random.Random(seed)

    def script(peer: Peer) -> None:
        if dice.random() < 0.9:
            peer.greet()
        audio, number, speaks = bytearray(), 0, True
        while not isinstance(event := peer.take(), Finish):
            if isinstance(event, Append):
                audio += event.pcm()
            elif isinstance(event, Commit):
                number += 1
                # After one that it has passed over a server is mute: no client could tell whose answer comes next.
                speaks = speaks and one_odd_act(peer, dice, f"item_{number}", said(bytes(audio)))
                audio.clear()
        if dice.random() < 0.8:
            peer.say(Finished())

    return script


def moody_in_vad_mode(seed: int) -> Callable[[Peer], None]:
    """Finds an utterance in each second, and says when it was."""
    dice = random.Random(seed)

    def script(peer: Peer) -> None:
        peer.greet()
        heard, number, speaks = 0, 0, True
        while not isinstance(event := peer.take(), Finish):
            heard += len(event.pcm()) if isinstance(event, Append) else 0
            while speaks and heard >= (number + 1) * SECOND_BYTES:
                start_ms, end_ms, item_id = number * 1000, number * 1000 + 1000, f"item_{number}"
                number += 1
                peer.say(SpeechStarted(audio_start_ms=start_ms, item_id=item_id))
                peer.say(SpeechStopped(audio_end_ms=end_ms, item_id=item_id))
                speaks = one_odd_act(peer, dice, item_id, f"{start_ms} to {end_ms}")
        if dice.random() < 0.8:
            peer.say(Finished())

    return script


def one_stream(seed: int) -> str:
    """The same in VAD mode: no answer has the times of another."""
    with HostileServer(moody_in_vad_mode(seed)) as server:
        try:
            options = SessionOptions(url=server.url, model="m-1", turn_detection=TurnDetection(), deadlines=DEADLINES)
            session = Session.open(options)
            for end in session.stream([bytes(SECOND_BYTES)] * SEGMENTS):
                if isinstance(end, Answered):
                    assert end.result.text == f"{end.start_ms} to {end.end_ms}"
        except RealtimeError as problem:
            return problem.code
    return "finished"


def one_session(seed: int) -> str:
    """How a session with a moody server ended; asserts that no answer was wrong."""
    dice = random.Random(seed)
    with HostileServer(moody(seed)) as server:
        try:
            options = SessionOptions(url=server.url, model="m-1", depth=dice.choice([1, 1, 2]), deadlines=DEADLINES)
            session = Session.open(options)
            talk(session, dice, options.depth)
            session.finish()
        except RealtimeError as problem:
            return problem.code
    return "finished"


def talk(session: Session, dice: random.Random, depth: int) -> None:
    """Send as many segments ahead as the session takes."""
    ahead: list[tuple[PendingSegment, bytes]] = []
    for number in range(SEGMENTS):
        pcm = bytes([number]) * dice.randrange(2, 100_000)
        ahead.append((session.submit(pcm), pcm))
        if len(ahead) == depth:
            hear(*ahead.pop(0))
    for pending, pcm in ahead:
        hear(pending, pcm)


def hear(pending: PendingSegment, pcm: bytes) -> None:
    assert pending.result().text == said(pcm)


@pytest.mark.parametrize("one", [one_session, one_stream])
def test_no_session_with_a_moody_server_hangs_or_mixes_up_its_answers(one: Callable[[int], str]) -> None:
    begun: dict[int, float] = {}

    def timed(seed: int) -> str:
        begun[seed] = time.monotonic()
        return one(seed)

    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        ends = {pool.submit(timed, seed): seed for seed in range(RUNS)}
        open_ones = set(ends)
        while open_ones:
            open_ones = wait(open_ones, timeout=0.5).not_done
            running = {ends[one] for one in open_ones} & begun.keys()
            assert not [seed for seed in running if time.monotonic() - begun[seed] > SESSION_S]
        how = [end.result() for end in ends]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)

    assert len(set(how)) > 3  # the moods did make a difference
    join_readers()
