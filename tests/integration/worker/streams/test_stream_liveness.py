"""Streams over which nothing is said: a dead service is told from one that hears music."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from realtime.client.options import Deadlines, SessionOptions
from realtime.protocol.events import Finish, Finished
from tests.fixtures.attempts import Worker
from tests.fixtures.hostile import HostileServer, Peer, Script
from tests.fixtures.recognizer import StartRecognizer
from tests.fixtures.sounds import noise, silence
from tests.fixtures.stream_scripts import hear, places, run, to_the_end, utter
from worker.recognise import transport
from worker.recognise.sessions import SessionKey
from worker.services.catalogue import Service
from worker.streams import stream
from worker.streams.stream import StreamTuning

UNKNOWN_MS, KNOWN_MS = 10_000, 15_000
PACE = 40.0


@pytest.fixture
def worker(tmp_path: Path, sqlite_url: str, redis_url: str, start_recognizer: StartRecognizer) -> Iterator[Worker]:
    settings = {"home": tmp_path, "database_url": sqlite_url, "redis_url": redis_url, "jobs": 2, "renew_s": 3600}
    tuning = StreamTuning(pause_s=0, unknown_ms=UNKNOWN_MS, known_ms=KNOWN_MS, quiet_s=0.1)
    made = Worker(tmp_path, {**settings, "pace": PACE}, start_recognizer, tuning)
    yield made
    made.close()


def impatient(monkeypatch: pytest.MonkeyPatch, deadlines: Deadlines) -> None:
    options = transport.session_options

    def with_these(service: Service, key: SessionKey) -> SessionOptions:
        return replace(options(service, key), deadlines=deadlines)

    monkeypatch.setattr(transport, "session_options", with_these)


def mute(peer: Peer) -> None:
    """It takes the options and the audio, and never says a word."""
    peer.greet()
    while True:
        peer.take()


def hears_nothing(peer: Peer) -> None:
    """A living service, to music."""
    peer.greet()
    to_the_end(peer)


def resets(peer: Peer) -> None:
    peer.greet()
    hear(peer, 1000)
    peer.reset()


def test_a_service_that_never_says_anything_is_noticed(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch, Deadlines(finish_s=0.3, lag_s=0.3))
    job_id, heard_ms = run(worker, mute, ms=120_000)

    job = worker.job(job_id)
    assert heard_ms == [UNKNOWN_MS] * 3
    assert (job.status, job.waiting_code, job.attempts) == ("queued", "service_timeout", 0)
    assert (job.stalls, job.sent_outside_ms) == (1, 3 * UNKNOWN_MS)  # the queue's patience grows


def test_a_service_that_falls_silent_is_noticed(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    def falls_silent(peer: Peer) -> None:
        peer.greet()
        hear(peer, 5000)
        utter(peer, "one", 1000, 3000)
        while True:
            peer.take()

    impatient(monkeypatch, Deadlines(finish_s=0.3, lag_s=0.3))
    job_id, heard_ms = run(worker, falls_silent, mute, ms=120_000)

    assert KNOWN_MS + 5000 <= heard_ms[0] < 60_000
    assert heard_ms[1:] == [UNKNOWN_MS] * 3
    assert (worker.job(job_id).status, places(worker, job_id)) == ("queued", [(1000, 3000)])


def test_a_service_that_has_nothing_to_say_of_music_lives_and_hears_all_of_it(worker: Worker) -> None:
    job_id, heard_ms = run(worker, hears_nothing, ms=44_000)

    assert heard_ms == [UNKNOWN_MS, KNOWN_MS, KNOWN_MS, KNOWN_MS, 44_000 - 35_000]
    assert (worker.job(job_id).status, worker.transcript(job_id).text) == ("succeeded", "")
    assert worker.transcript(job_id).sent_ms == sum(heard_ms)


def test_silence_is_no_reason_to_ask(worker: Worker) -> None:
    job_id, heard_ms = run(worker, hears_nothing, samples=silence(44_000))
    assert (heard_ms, worker.job(job_id).status) == ([44_000], "succeeded")


def test_a_service_that_is_behind_has_the_time_to_hear_what_it_was_sent(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(peer: Peer) -> None:
        peer.greet()
        peer.take_until(Finish)
        peer.wait(1.0)
        utter(peer, "one", 1000, 3000)
        peer.say(Finished())

    impatient(monkeypatch, Deadlines(finish_s=0.2))
    job_id, heard_ms = run(worker, slow, hears_nothing, ms=UNKNOWN_MS + 2000)

    assert heard_ms == [UNKNOWN_MS, 2000 + stream.RUN_UP_MS]
    assert (worker.job(job_id).status, places(worker, job_id)) == ("succeeded", [(1000, 3000)])


def says_at_the_end(start_ms: int, end_ms: int) -> Script:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.take_until(Finish)
        utter(peer, "one", start_ms, end_ms)
        peer.say(Finished())

    return script


def test_an_utterance_that_was_cut_by_asking_is_heard_whole_by_the_next_session(worker: Worker) -> None:
    job_id, heard_ms = run(worker, says_at_the_end(8000, 10_000), says_at_the_end(5000, 7500), ms=14_000)

    assert heard_ms == [10_000, 14_000 - 8000 + stream.RUN_UP_MS]
    assert places(worker, job_id) == [(8000, 10_500)]


def test_an_utterance_too_long_to_be_sent_again_stays_as_it_was_cut(worker: Worker) -> None:
    worker.tune(longest_ms=5000)
    job_id, heard_ms = run(worker, says_at_the_end(2000, 10_000), hears_nothing, ms=14_000)

    assert heard_ms == [10_000, 4000]
    assert places(worker, job_id) == [(2000, 10_000)]


def test_what_was_heard_without_a_word_is_a_checkpoint(worker: Worker) -> None:
    with HostileServer(hears_nothing, resets, resets, resets, resets, hears_nothing) as server:
        worker.open_at(server.url)
        job_id = worker.submit(noise(14_000))
        worker.attempt()
        assert worker.job(job_id).status == "queued"
        worker.attempt()
        heard_ms = [peer.audio_bytes // 32 for peer in server.peers]

    assert worker.job(job_id).status == "succeeded"
    assert heard_ms[5:] == [14_000 - UNKNOWN_MS + stream.RUN_UP_MS]


def test_channels_go_on_where_they_were_heard_to(worker: Worker) -> None:
    scripts = [hears_nothing] * 3 + [resets] * 4 + [hears_nothing]
    with HostileServer(*scripts) as server:
        worker.open_at(server.url)
        job_id = worker.submit(noise(14_000), noise(14_000, dbfs=-40))
        worker.attempt()
        assert (worker.job(job_id).status, worker.job(job_id).channels) == ("queued", 2)
        worker.attempt()
        heard_ms = [peer.audio_bytes // 32 for peer in server.peers]

    assert worker.job(job_id).status == "succeeded"
    assert heard_ms[:3] == [UNKNOWN_MS, 9000, UNKNOWN_MS]
    assert heard_ms[7:] == pytest.approx([9000], abs=1)  # a place in both channels is kept to the millisecond
