"""Sessions that take the next segment while the last is recognised: shared, counted, and lost without losing more."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realtime.service.engines.scripted_engine import words_of
from tests.fixtures.hostile import HostileServer, Peer, obey, said
from tests.fixtures.recognizer import StartRecognizer
from tests.fixtures.rows import unlimited
from tests.fixtures.sounds import audio, tone
from tests.fixtures.waiting import wait_for
from worker.claims.claim import Claim
from worker.claims.lease import Lease, Stop
from worker.database import Database
from worker.errors import JobCancelled
from worker.limits.permits import FleetLimits
from worker.recognise.breaker import Breaker
from worker.recognise.pool import Recogniser
from worker.recognise.transport import SegmentTransport
from worker.recognise.utterances import SegmentOutcome, Utterance
from worker.services.catalogue import Service
from worker.spec import Spec

SPEC = Spec(service="deep", model="scripted", language="en")
MakeRecogniser = Callable[..., Recogniser]


@pytest.fixture
def make_recogniser(sqlite_database: Database, redis_url: str) -> Iterator[MakeRecogniser]:
    limits = FleetLimits(redis_url)
    made: list[Recogniser] = []

    def make(url: str, **changes: Any) -> Recogniser:  # noqa: ANN401  # any field of Service
        service = Service(**{"name": "deep", "url": url, "model": "m", "sessions": 1, "depth": 2, **changes})
        way = SegmentTransport(
            service, pause_s=0, sessions_per_s=1000, limits=limits, breaker=Breaker(sqlite_database, service.name)
        )
        made.append(Recogniser(way, sessions=service.sessions, depth=service.depth))
        return made[-1]

    yield make
    for recogniser in made:
        recogniser.close()
    limits.close()


def new_lease(spec: Spec = SPEC) -> Lease:
    claim = Claim(job_id="j", recording_id="r", worker="w", fence=1, spec=spec, lease_s=60)
    return Lease(claim, Stop(), claimed_at=time.monotonic())


def say(number: int, *, ms: int = 500, spec: Spec = SPEC, lease: Lease | None = None) -> Utterance:
    return Utterance(
        pcm=audio(tone(ms, hz=300 + number)).raw_data,
        spec=spec,
        reservation=unlimited(),
        lease=lease or new_lease(spec),
    )


def outcomes(futures: list[Future[SegmentOutcome]]) -> list[SegmentOutcome]:
    return [future.result(timeout=60) for future in futures]


def texts(futures: list[Future[SegmentOutcome]]) -> list[str | None]:
    return [outcome.answer.text if outcome.answer else None for outcome in outcomes(futures)]


def events(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_the_next_segment_is_sent_while_the_last_is_recognised(
    make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    recogniser = make_recogniser(start_recognizer(log=log, latency_ms=300).url)
    spoken = [say(number) for number in range(4)]
    heard = texts([recogniser.submit(utterance) for utterance in spoken])

    assert heard == [" ".join(words_of(utterance.pcm)) for utterance in spoken]
    order = [entry["event"] for entry in events(log) if entry["event"] in {"commit", "completed"}]
    assert order[:3] == ["commit", "commit", "completed"]
    assert [entry["event"] for entry in events(log)].count("handshake") == 1


def test_never_more_segments_are_open_in_a_session_than_its_depth(
    make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    recogniser = make_recogniser(start_recognizer(log=log, latency_ms=30).url, sessions=2, depth=3)
    assert all(texts([recogniser.submit(say(number)) for number in range(24)]))

    unanswered: dict[str, int] = {}
    for entry in events(log):
        if entry["event"] in {"commit", "completed"}:
            change = 1 if entry["event"] == "commit" else -1
            unanswered[entry["session"]] = unanswered.get(entry["session"], 0) + change
            assert unanswered[entry["session"]] <= 3
    assert len(unanswered) <= 2


def test_permits_count_segments_and_not_sessions(
    make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    recogniser = make_recogniser(start_recognizer(log=log, latency_ms=50).url, permits=1)
    assert all(texts([recogniser.submit(say(number)) for number in range(4)]))

    order = [entry["event"] for entry in events(log) if entry["event"] in {"commit", "completed"}]
    assert order == ["commit", "completed"] * 4


def test_a_session_that_fails_costs_only_what_was_not_answered(make_recogniser: MakeRecogniser) -> None:
    def breaks(peer: Peer) -> None:
        peer.greet()
        first, _ = peer.segment(), peer.segment()
        peer.answer(*first)
        peer.wait(0.3)
        peer.reset()

    with HostileServer(breaks, obey) as server:
        recogniser = make_recogniser(server.url)
        spoken = [say(1), say(2)]
        futures = [recogniser.submit(utterance) for utterance in spoken]
        done = outcomes(futures)

    assert texts(futures) == [said(utterance.pcm) for utterance in spoken]
    assert sorted(outcome.sent_ms for outcome in done) == [500, 1000]
    assert [peer.audio_bytes // 32 for peer in server.peers] == [1000, 500]


def test_a_cancel_of_one_segment_costs_the_other_a_session_and_no_answer(make_recogniser: MakeRecogniser) -> None:
    def slow(peer: Peer) -> None:
        peer.greet()
        peer.segment()
        peer.wait()

    with HostileServer(slow, obey) as server:
        recogniser = make_recogniser(server.url, pace=1)
        cancelled = new_lease()
        kept = recogniser.submit(say(1, ms=100))
        lost = recogniser.submit(say(2, ms=20_000, lease=cancelled))
        wait_for(lambda: server.peers and server.peers[0].audio_bytes >= 3200)
        time.sleep(0.2)
        cancelled.end(JobCancelled())

        assert isinstance(lost.result(timeout=30).error, JobCancelled)
        assert kept.result(timeout=30).answer is not None


def test_jobs_of_different_kinds_wait_for_a_session_to_be_free(
    make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer
) -> None:
    recogniser = make_recogniser(start_recognizer(latency_ms=30).url, sessions=2, depth=2)
    specs = [replace(SPEC, language=language) for language in ("en", "de", "fr", "es")]
    futures = [recogniser.submit(say(number, spec=specs[number % 4])) for number in range(16)]

    assert all(texts(futures))


def test_nobody_waits_for_ever_behind_sessions_that_are_shared(
    make_recogniser: MakeRecogniser, start_recognizer: StartRecognizer
) -> None:
    recogniser = make_recogniser(start_recognizer(latency_ms=20).url, depth=3)
    others, other_kind = [say(number) for number in range(60)], say(99, spec=replace(SPEC, language="de", priority=9))
    stream_of_others = [recogniser.submit(other) for other in others]
    done_before: Future[int] = Future()
    german = recogniser.submit(other_kind)
    german.add_done_callback(lambda _future: done_before.set_result(sum(other.done() for other in stream_of_others)))

    assert done_before.result(timeout=60) < 50
    assert all(texts(stream_of_others))
