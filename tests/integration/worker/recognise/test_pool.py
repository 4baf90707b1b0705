import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from realtime.protocol.errors import ContentRefused, KeyRefused, RateLimited, ServiceFault, ServiceUnreachable
from realtime.service.engines.scripted_engine import words_of
from tests.fixtures.hostile import HostileServer, Peer, serve_segments
from tests.fixtures.recognizer import RunningRecognizer, StartRecognizer, running_recognizer
from tests.fixtures.redis import free_port
from tests.fixtures.rows import unlimited
from tests.fixtures.sounds import audio, tone
from tests.fixtures.waiting import wait_for
from worker import breakers
from worker.claims.claim import Claim
from worker.claims.lease import Lease, Stop
from worker.database import Database
from worker.errors import JobCancelled, Stopping
from worker.limits.permits import FleetLimits
from worker.recognise.breaker import Breaker
from worker.recognise.pool import Recogniser, Recognisers
from worker.recognise.transport import SegmentTransport
from worker.recognise.utterances import SegmentOutcome, Utterance
from worker.services.catalogue import Service
from worker.spec import Spec
from worker.states import Lane

SPEC = Spec(service="local", model="scripted", language="en")
NO_PAUSES: Mapping[str, Any] = {"pause_s": 0}
MakeRecogniser = Callable[..., Recogniser]


@pytest.fixture
def make_recogniser(sqlite_database: Database, redis_url: str) -> Iterator[MakeRecogniser]:
    limits = FleetLimits(redis_url)
    made: list[Recogniser] = []

    def make(url: str, tuning: Mapping[str, Any] = NO_PAUSES, **changes: Any) -> Recogniser:  # noqa: ANN401  # any field of Service
        service = Service(**{"name": "local", "url": url, "model": "scripted", "sessions": 2, "permits": 2, **changes})
        breaker = Breaker(sqlite_database, service.name, slow_down=partial(limits.slow_down, service.name))
        way = SegmentTransport(service, sessions_per_s=1000, limits=limits, breaker=breaker, **tuning)
        made.append(Recogniser(way, sessions=service.sessions))
        return made[-1]

    yield make
    for recogniser in made:
        recogniser.close()
    limits.close()


def new_lease(stop: Stop | None = None) -> Lease:
    claim = Claim(job_id="j", recording_id="r", worker="w", fence=1, spec=SPEC, lease_s=60)
    return Lease(claim, stop or Stop(), claimed_at=time.monotonic())


def say(ms: int, *, spec: Spec = SPEC, lease: Lease | None = None, hz: float = 440) -> Utterance:
    return Utterance(
        pcm=audio(tone(ms, hz=hz)).raw_data, spec=spec, reservation=unlimited(), lease=lease or new_lease()
    )


def outcome_of(recogniser: Recogniser, utterance: Utterance) -> SegmentOutcome:
    return recogniser.submit(utterance).result(timeout=60)


def test_a_segment_gets_its_answer_with_the_model_that_gave_it(
    make_recogniser: MakeRecogniser, recognizer: RunningRecognizer
) -> None:
    utterance = say(2000)
    outcome = outcome_of(make_recogniser(recognizer.url), utterance)

    assert outcome.answer is not None
    assert outcome.answer.text == " ".join(words_of(utterance.pcm))
    assert (outcome.answer.language, outcome.answer.model, outcome.sent_ms) == ("en", "scripted", 2000)


def test_sessions_are_kept_open_from_segment_to_segment(
    make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    recogniser = make_recogniser(start_recognizer(log=log).url, sessions=1)
    for _ in range(5):
        assert outcome_of(recogniser, say(500)).answer is not None

    assert log.read_text().count('"handshake"') == 1


def test_a_session_that_went_stale_while_idle_costs_nothing_but_a_new_one(
    make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer, tmp_path: Path
) -> None:
    with running_recognizer() as first:
        recogniser = make_recogniser(first.url, sessions=1)
        assert outcome_of(recogniser, say(500)).answer is not None
    start_recognizer(port=first.port)

    assert outcome_of(recogniser, say(600)).answer is not None


def test_a_fault_of_one_try_is_got_over_and_all_that_was_sent_is_counted(
    make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer
) -> None:
    service = start_recognizer(fault="fail:InternalError:0.5", fault_seed=1)
    outcomes = [outcome_of(make_recogniser(service.url, {**NO_PAUSES, "tries": 10}), say(1000)) for _ in range(4)]

    assert all(outcome.answer is not None for outcome in outcomes)
    assert sum(outcome.sent_ms for outcome in outcomes) > 4000
    assert {outcome.sent_ms % 1000 for outcome in outcomes} == {0}


def test_a_fault_that_stays_is_the_outcome_after_three_tries(
    make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer
) -> None:
    outcome = outcome_of(make_recogniser(start_recognizer(fault="fail").url), say(1000))

    assert isinstance(outcome.error, ServiceFault)
    assert outcome.sent_ms == 3000


def test_a_rate_limit_slows_the_fleet_down_and_stops_nobody(
    make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer, sqlite_database: Database, redis_url: str
) -> None:
    service = start_recognizer(fault="fail:Throttling.RateQuota:0.5", fault_seed=1)
    recogniser = make_recogniser(service.url, permits=8)
    outcomes = [outcome_of(recogniser, say(500 + number)) for number in range(6)]
    status, limits = breakers.service_states(sqlite_database)["local"], FleetLimits(redis_url)

    assert [outcome for outcome in outcomes if outcome.answer]
    assert {type(outcome.error) for outcome in outcomes if outcome.error} <= {RateLimited}
    assert (status.state, status.code) == ("limited", "rate_limited")
    assert limits.throttle("local") < 0.6
    limits.close()


def test_refused_content_is_not_tried_again(make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer) -> None:
    outcome = outcome_of(make_recogniser(start_recognizer(fault="fail:DataInspectionFailed").url), say(1000))

    assert isinstance(outcome.error, ContentRefused)
    assert outcome.sent_ms == 1000


def test_a_service_that_is_away_is_an_outcome_too(make_recogniser: MakeRecogniser) -> None:
    outcome = outcome_of(make_recogniser("ws://127.0.0.1:1/api-ws/v1/realtime"), say(1000))

    assert isinstance(outcome.error, ServiceUnreachable)
    assert outcome.sent_ms == 0


def test_one_knocks_for_all_while_the_service_is_away(make_recogniser: MakeRecogniser) -> None:
    port = free_port()
    recogniser = make_recogniser(f"ws://127.0.0.1:{port}/api-ws/v1/realtime", {**NO_PAUSES, "knock_s": 0.2})
    recogniser.knock(SPEC, new_lease())  # nothing is known yet
    assert isinstance(outcome_of(recogniser, say(1000)).error, ServiceUnreachable)

    with ThreadPoolExecutor(8) as pool:
        knocks = [pool.submit(recogniser.knock, SPEC, new_lease()) for _ in range(8)]
        assert all(isinstance(knock.exception(timeout=60), ServiceUnreachable) for knock in knocks)
    with running_recognizer(port=port):
        recogniser.knock(SPEC, new_lease())
        assert outcome_of(recogniser, say(1000)).answer is not None


def test_who_waits_to_knock_leaves_when_the_process_stops(make_recogniser: MakeRecogniser) -> None:
    recogniser, stop = make_recogniser(f"ws://127.0.0.1:{free_port()}/api-ws/v1/realtime"), Stop()
    outcome_of(recogniser, say(1000))
    stop.asked.set()
    with pytest.raises(Stopping):
        recogniser.knock(SPEC, new_lease(stop))


def test_a_refused_key_opens_the_breaker_and_the_next_segment_does_not_knock(
    make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer, sqlite_database: Database, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    recogniser = make_recogniser(start_recognizer(keys=frozenset({"right"}), log=log).url)
    first, second = outcome_of(recogniser, say(500)), outcome_of(recogniser, say(500))

    assert isinstance(first.error, KeyRefused)
    assert isinstance(second.error, KeyRefused)
    assert log.read_text().count('"handshake"') == 1
    assert breakers.service_states(sqlite_database)["local"].code == "key_refused"


def test_an_answer_closes_the_breaker(
    make_recogniser: MakeRecogniser, recognizer: RunningRecognizer, sqlite_database: Database
) -> None:
    breakers.service_trouble(sqlite_database, "local", KeyRefused(retry_after_s=0))

    assert outcome_of(make_recogniser(recognizer.url), say(500)).answer is not None
    assert breakers.service_states(sqlite_database)["local"].state == "open"


def test_not_one_frame_is_sent_for_a_job_that_was_cancelled(
    make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    lease = new_lease()
    lease.end(JobCancelled())
    outcome = outcome_of(make_recogniser(start_recognizer(log=log).url), say(1000, lease=lease))

    assert isinstance(outcome.error, JobCancelled)
    assert "append" not in log.read_text()


def test_a_cancel_in_the_middle_of_a_segment_cuts_it_off(
    make_recogniser: MakeRecogniser, recognizer: RunningRecognizer
) -> None:
    lease = new_lease()
    recogniser = make_recogniser(recognizer.url, pace=1)
    future = recogniser.submit(say(20_000, lease=lease))
    time.sleep(0.2)
    lease.end(JobCancelled())
    outcome = future.result(timeout=30)

    assert isinstance(outcome.error, JobCancelled)
    assert outcome.sent_ms < 20_000
    assert outcome_of(recogniser, say(100)).answer is not None


def test_a_process_that_stops_begins_no_segment(make_recogniser: MakeRecogniser, recognizer: RunningRecognizer) -> None:
    stop = Stop()
    stop.asked.set()
    outcome = outcome_of(make_recogniser(recognizer.url), say(500, lease=new_lease(stop)))

    assert isinstance(outcome.error, Stopping)
    assert outcome.sent_ms == 0


def test_interactive_segments_go_first_then_by_priority_then_by_age(make_recogniser: MakeRecogniser) -> None:
    all_wait = threading.Event()

    def patient(peer: Peer) -> None:
        def answer(item_id: str, text: str) -> None:
            all_wait.wait(60)
            peer.answer(item_id, text)

        peer.greet()
        serve_segments(peer, answer)

    order: list[str] = []
    specs = {
        "first": SPEC,
        "bulk": replace(SPEC, lane=Lane.BULK),
        "normal": SPEC,
        "urgent": replace(SPEC, priority=9),
        "interactive": replace(SPEC, lane=Lane.INTERACTIVE),
    }
    futures: dict[str, Future[SegmentOutcome]] = {}
    with HostileServer(patient) as server:
        recogniser = make_recogniser(server.url, sessions=1)
        for name, spec in specs.items():
            futures[name] = recogniser.submit(say(100, spec=spec))
            futures[name].add_done_callback(lambda _future, name=name: order.append(name))  # type: ignore[misc]  # the default binds it
            wait_for(futures["first"].running)
        all_wait.set()
        wait_for(lambda: len(order) == len(specs))

    assert order == ["first", "interactive", "urgent", "normal", "bulk"]


def test_the_fleets_permits_bound_what_is_sent_at_once(
    make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer, redis_url: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    recogniser = make_recogniser(start_recognizer(log=log, latency_ms=50).url, sessions=4, permits=1)
    futures = [recogniser.submit(say(100, hz=300 + number)) for number in range(6)]
    assert all(future.result(timeout=60).answer for future in futures)

    events = [line for line in log.read_text().splitlines() if '"commit"' in line or '"completed"' in line]
    assert ['"commit"' in line for line in events] == [True, False] * 6


def test_all_jobs_together_keep_the_sessions_fed_and_no_more(
    make_recogniser: MakeRecogniser, recognizer: RunningRecognizer
) -> None:
    recogniser = make_recogniser(recognizer.url, sessions=4)
    assert recogniser.share == 8
    with recogniser.joined(), recogniser.joined():
        assert recogniser.share == 4
        with recogniser.joined():
            assert recogniser.share == 2
    assert recogniser.share == 8


def test_a_recogniser_is_made_once_a_service(make_recogniser: MakeRecogniser, recognizer: RunningRecognizer) -> None:
    recognisers = Recognisers(lambda _name: make_recogniser(recognizer.url))
    found: list[Recogniser] = []
    threads = [threading.Thread(target=lambda: found.append(recognisers.of("local"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(map(id, found))) == 1
