"""How the segments of one process come to the permits of the fleet: in a line, and at once where one is given back."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.fixtures.recognizer import StartRecognizer
from tests.fixtures.rows import unlimited
from tests.fixtures.sounds import audio, tone
from tests.fixtures.waiting import wait_for
from worker.claims.claim import Claim
from worker.claims.lease import Lease, Stop
from worker.database import Database
from worker.limits.permits import FleetLimits, Permit, Quota, new_wish
from worker.recognise.breaker import Breaker
from worker.recognise.pool import Recogniser
from worker.recognise.transport import SegmentTransport
from worker.recognise.utterances import Utterance
from worker.services.catalogue import Service
from worker.spec import Spec
from worker.states import Lane

QUOTA = Quota(service="local", permits=1, sessions_per_s=1000)
SESSIONS = 4
MakeRecogniser = Callable[..., Recogniser]


class Asked(FleetLimits):
    """FleetLimits that remember who asked for a permit."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(redis_url)
        self.wishes: list[str] = []

    def try_acquire(self, quota: Quota, lane: Lane, wish: str) -> Permit | None:
        self.wishes.append(wish)
        return super().try_acquire(quota, lane, wish)


@pytest.fixture
def limits(redis_url: str) -> Iterator[Asked]:
    made = Asked(redis_url)
    yield made
    made.close()


@pytest.fixture
def make_recogniser(
    limits: Asked, sqlite_database: Database, start_recognizer: StartRecognizer
) -> Iterator[MakeRecogniser]:
    url = start_recognizer(latency_ms=20).url
    service = Service(name="local", url=url, model="scripted", sessions=SESSIONS, permits=1)
    made: list[Recogniser] = []

    def make(**tuning: float) -> Recogniser:
        breaker = Breaker(sqlite_database, "local")
        way = SegmentTransport(service, sessions_per_s=1000, limits=limits, breaker=breaker, **tuning)  # type: ignore[arg-type]  # times alone
        made.append(Recogniser(way, sessions=SESSIONS))
        return made[-1]

    yield make
    for recogniser in made:
        recogniser.close()


@pytest.fixture
def recogniser(make_recogniser: MakeRecogniser) -> Recogniser:
    return make_recogniser()


def say(lane: Lane, hz: float) -> Utterance:
    spec = Spec(service="local", model="scripted", language="en", lane=lane)
    claim = Claim(job_id="j", recording_id="r", worker="w", fence=1, spec=spec, lease_s=60)
    lease = Lease(claim, Stop(), claimed_at=time.monotonic())
    return Utterance(pcm=audio(tone(500, hz=hz)).raw_data, spec=spec, reservation=unlimited(), lease=lease)


def wishes_while_none_is_free(limits: Asked, recogniser: Recogniser, lane: Lane) -> set[str]:
    """Who asks while another process has the one permit; all are answered when it is given back."""
    held = limits.try_acquire(QUOTA, Lane.NORMAL, new_wish())
    assert held is not None
    limits.wishes.clear()
    waiting = [recogniser.submit(say(lane, 300 + 50 * number)) for number in range(SESSIONS)]
    wait_for(lambda: len(limits.wishes) >= 3 * SESSIONS)
    asked = set(limits.wishes)
    limits.release(held)
    assert all(one.result(timeout=60).answer for one in waiting)
    return asked


def test_one_segment_of_a_process_asks_for_a_permit_at_a_time(limits: Asked, recogniser: Recogniser) -> None:
    assert len(wishes_while_none_is_free(limits, recogniser, Lane.BULK)) == 1


def test_each_interactive_segment_says_that_it_waits(limits: Asked, recogniser: Recogniser) -> None:
    assert len(wishes_while_none_is_free(limits, recogniser, Lane.INTERACTIVE)) == SESSIONS


def test_a_permit_moves_from_one_segment_to_the_next_without_a_look_at_the_clock(
    make_recogniser: MakeRecogniser,
) -> None:
    recogniser = make_recogniser(poll_s=3600)
    spoken = [recogniser.submit(say(Lane.NORMAL, 300 + 50 * number)) for number in range(3 * SESSIONS)]

    assert all(one.result(timeout=60).answer for one in spoken)
