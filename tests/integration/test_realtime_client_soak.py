"""Servers that change their manners at random: the client never hangs, and never takes one answer for another's.

``LONGHAND_TEST_SOAK_RUNS`` sets how many sessions are tried.
"""

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from realtime.client import Deadlines, Session, SessionOptions
from realtime.errors import RealtimeError
from realtime.events import Append, Commit, Committed, Completed, ErrorDetail, Failed, Finish, Finished, Text
from tests.fixtures.hostile import HostileServer, Peer, error, join_readers, said

RUNS = int(os.environ.get("LONGHAND_TEST_SOAK_RUNS", "50"))
AT_ONCE = 10
# A session that is held for this long is held for ever: its deadlines add up to far less.
HELD_S = 30.0
DEADLINES = Deadlines(
    connect_s=5, update_s=2, send_s=0.5, first_answer_s=0.5, quiet_s=0.5, segment_s=1, segment_per_s=0, finish_s=0.5,
    close_s=0.2,
)  # fmt: skip


def one_odd_act(peer: Peer, dice: random.Random, item_id: str, text: str) -> None:
    """Something that a server may do with a segment, in the spirit of the moment."""
    named = dice.choice([item_id, item_id, None])
    completed = Completed(item_id=named, transcript=text)
    acts: list[Callable[[], object]] = [
        lambda: peer.answer(item_id, text),
        lambda: peer.answer(item_id, text),
        lambda: peer.say(Committed(item_id=named), Text(item_id=named, text="?"), completed, completed),
        lambda: peer.say(completed, Committed(item_id=named)),
        lambda: peer.say(Committed(item_id=item_id), Failed(item_id=item_id, error=ErrorDetail(code="InternalError"))),
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
    dice.choice(acts)()


def moody(seed: int) -> Callable[[Peer], None]:
    dice = random.Random(seed)

    def script(peer: Peer) -> None:
        if dice.random() < 0.9:
            peer.greet()
        audio, number = bytearray(), 0
        while not isinstance(event := peer.take(), Finish):
            if isinstance(event, Append):
                audio += event.pcm()
            elif isinstance(event, Commit):
                number += 1
                one_odd_act(peer, dice, f"item_{number}", said(bytes(audio)))
                audio.clear()
        if dice.random() < 0.8:
            peer.say(Finished())

    return script


def one_session(seed: int) -> str:
    """How a session with a moody server ended; asserts that no answer was wrong."""
    dice = random.Random(seed)
    with HostileServer(moody(seed)) as server:
        try:
            options = SessionOptions(url=server.url, model="m-1", depth=dice.choice([1, 1, 2]), deadlines=DEADLINES)
            session = Session.open(options)
            talk(session, dice)
            session.finish()
        except RealtimeError as problem:
            return problem.code
    return "finished"


def talk(session: Session, dice: random.Random) -> None:
    for number in range(5):
        pcm = bytes([number]) * dice.randrange(2, 100_000)
        assert session.transcribe(pcm).text == said(pcm)


def test_no_session_with_a_moody_server_hangs_or_mixes_up_its_answers() -> None:
    begun = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = [pool.submit(one_session, seed) for seed in range(RUNS)]
        how = [end.result(HELD_S * RUNS / AT_ONCE) for end in ends]

    assert time.monotonic() - begun < HELD_S * max(1, RUNS / AT_ONCE)
    assert len(how) == RUNS
    assert len(set(how)) > 3  # the moods did make a difference
    join_readers()
