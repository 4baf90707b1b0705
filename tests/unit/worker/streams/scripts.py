"""What services in VAD mode do in these tests, piece by piece, and a job that is streamed to them."""

from realtime.protocol.events import Committed, Completed, Finish, Finished, SpeechStarted, SpeechStopped
from tests.fixtures.hostile import HostileServer, Peer, Script
from tests.sounds import Samples, noise
from tests.unit.worker.house import House


def hear(peer: Peer, ms: int) -> None:
    """Take so much audio, in all."""
    while peer.audio_bytes < ms * 32:
        peer.take()


def until_heard(peer: Peer) -> None:
    """Take audio until the client has read what was said to it: a reset would overtake it."""
    pong = peer.connection.ping()
    while not pong.is_set():
        peer.take()


def utter(peer: Peer, item: str, start_ms: int, end_ms: int, text: str = "so they said") -> None:
    peer.say(
        SpeechStarted(item_id=item, audio_start_ms=start_ms),
        SpeechStopped(item_id=item, audio_end_ms=end_ms),
        Committed(item_id=item),
        Completed(item_id=item, transcript=text, language="en"),
    )


def to_the_end(peer: Peer) -> None:
    peer.take_until(Finish)
    peer.say(Finished())


def run(
    house: House, *scripts: Script, ms: int = 40_000, samples: Samples | None = None, pace: float | None = None
) -> tuple[str, list[int]]:
    """A job for so much noise, or for these samples, and how much each session heard in ms."""
    with HostileServer(*scripts) as server:
        house.open_at(server.url, **({} if pace is None else {"pace": pace}))
        job_id = house.submit(noise(ms) if samples is None else samples)
        house.attempt()
        return job_id, [peer.audio_bytes // 32 for peer in server.peers]


def places(house: House, job_id: str) -> list[tuple[int, int]]:
    return [(segment.start_ms, segment.end_ms) for segment in house.segments(job_id)]
