"""Answers that cannot be believed: a fresh session is asked once more, and what stays is kept with its flag.

And what is kept as it came, whatever it is.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from realtime.protocol.events import Committed, Completed
from tests.fixtures.hostile import HostileServer, Peer, serve_segments
from tests.fixtures.rows import Unlimited, unlimited
from tests.fixtures.sounds import Samples, audio, noise, silence
from worker.claims.claim import Claim
from worker.claims.lease import Lease, Stop
from worker.database import Database
from worker.limits.permits import FleetLimits
from worker.recognise.breaker import Breaker
from worker.recognise.sanity import Flag
from worker.recognise.transport import SegmentTransport
from worker.recognise.utterances import Meter, Recognition, Utterance
from worker.services.catalogue import Service
from worker.spec import Spec
from worker.spending.reserver import Reservation
from worker.spending.slices import Slice

SPEC = Spec(service="hostile", model="any", context="Ada Lovelace")
LONG = "we will meet again on Thursday at nine"
LOOP = "thank you for watching " * 6
Ask = Callable[..., tuple[Recognition, int]]


def saying(*texts: str) -> Callable[[Peer], None]:
    """A server that answers a session's segments with these texts, whatever it hears; the last one for the rest."""

    def script(peer: Peer) -> None:
        left = list(texts)
        peer.greet()
        serve_segments(peer, lambda item, _said: peer.answer(item, left.pop(0) if len(left) > 1 else left[0]))

    return script


@pytest.fixture
def make_ask(sqlite_database: Database, redis_url: str) -> Iterator[Callable[[HostileServer], Ask]]:
    limits = FleetLimits(redis_url)
    ways: list[SegmentTransport] = []

    def make(server: HostileServer) -> Ask:
        service = Service(name="hostile", url=server.url, model="any", sessions=2)
        way = SegmentTransport(
            service, sessions_per_s=1000, limits=limits, breaker=Breaker(sqlite_database, service.name)
        )
        ways.append(way)
        return lambda sound, spec=SPEC, reservation=None: ask(way, sound, spec, reservation or unlimited())

    yield make
    for way in ways:
        way.close()
    limits.close()


def ask(way: SegmentTransport, sound: Samples, spec: Spec, reservation: Reservation) -> tuple[Recognition, int]:
    claim = Claim(job_id="j", recording_id="r", worker="w", fence=1, spec=spec, lease_s=60)
    lease = Lease(claim, Stop(), claimed_at=time.monotonic())
    utterance = Utterance(pcm=audio(sound).raw_data, spec=spec, lease=lease, reservation=reservation)
    meter = Meter(utterance.lease, utterance.reservation)
    return way.hear(utterance, meter), meter.sent_ms


MakeAsk = Callable[[HostileServer], Ask]


def test_a_service_that_says_the_last_utterance_again_is_asked_afresh(make_ask: MakeAsk) -> None:
    with HostileServer(saying(LONG, LONG), saying("and bring the minutes with you")) as server:
        asked = make_ask(server)
        first, second = asked(noise(1000, seed=1)), asked(noise(1000, seed=2))

    assert (first[0].text, first[0].flags, first[1]) == (LONG, (), 1000)
    assert (second[0].text, second[0].flags) == ("and bring the minutes with you", ())
    assert second[1] == 2000  # both were sent


def test_what_a_fresh_session_hears_too_was_said_twice(make_ask: MakeAsk) -> None:
    with HostileServer(saying(LONG)) as server:
        asked = make_ask(server)
        asked(noise(1000, seed=1))
        heard, sent_ms = asked(noise(1000, seed=2))

    assert (heard.text, heard.flags, sent_ms) == (LONG, (), 2000)


def test_the_same_audio_may_have_the_same_answer(make_ask: MakeAsk) -> None:
    with HostileServer(saying(LONG)) as server:
        asked = make_ask(server)
        asked(noise(1000))

        assert asked(noise(1000))[1] == 1000


def test_a_short_answer_again_is_not_asked_for_twice(make_ask: MakeAsk) -> None:
    with HostileServer(saying("Yes.")) as server:
        asked = make_ask(server)

        assert [asked(noise(1000, seed=seed))[1] for seed in range(4)] == [1000] * 4


def test_where_a_budget_has_no_room_for_a_second_time_the_first_answer_is_kept(make_ask: MakeAsk) -> None:
    with HostileServer(saying(LOOP)) as server:
        heard, sent_ms = make_ask(server)(noise(1000), reservation=Reservation(RoomFor(1000), 0))

    assert (heard.text, heard.flags, sent_ms) == (LOOP, (Flag.LOOP,), 1000)


class RoomFor(Unlimited):
    """A budget with so much left."""

    def __init__(self, left_ms: int) -> None:
        self._left_ms = left_ms

    def reserve(self, wanted_ms: int, least_ms: int) -> Slice | None:
        self._left_ms -= wanted_ms
        return super().reserve(wanted_ms, least_ms) if self._left_ms >= 0 else None


def test_a_loop_that_stays_is_kept_with_its_flag(make_ask: MakeAsk) -> None:
    with HostileServer(saying(LOOP)) as server:
        heard, sent_ms = make_ask(server)(noise(1000))

    assert (heard.text, heard.flags, sent_ms) == (LOOP, (Flag.LOOP,), 2000)


def test_text_on_silence_is_asked_for_again(make_ask: MakeAsk) -> None:
    with HostileServer(saying("Thanks."), saying("")) as server:
        heard, _ = make_ask(server)(silence(1000))

    assert (heard.text, heard.flags) == ("", ())


def test_the_second_time_no_context_is_told(make_ask: MakeAsk) -> None:
    with HostileServer(saying(LOOP), saying(LONG)) as server:
        heard, _ = make_ask(server)(noise(1000))

        assert heard.text == LONG
        assert [SPEC.context in repr(peer.events[0]) for peer in server.peers] == [True, False]


def test_where_the_second_answer_does_not_come_the_first_is_kept(make_ask: MakeAsk) -> None:
    with HostileServer(saying(LOOP), lambda peer: peer.reset()) as server:
        heard, _ = make_ask(server)(noise(1000), replace(SPEC, context=""))

    assert (heard.text, heard.flags) == (LOOP, (Flag.LOOP,))


@pytest.mark.parametrize("usage", [None, 3, "x", [1, [2]], {"a": {"b": []}}])
def test_usage_of_any_shape_comes_through(make_ask: MakeAsk, usage: object) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        serve_segments(
            peer,
            lambda item, said: peer.say(Committed(item_id=item), Completed(item_id=item, transcript=said, usage=usage)),
        )

    with HostileServer(script) as server:
        heard, _ = make_ask(server)(noise(1000))

    assert heard.usage == usage
