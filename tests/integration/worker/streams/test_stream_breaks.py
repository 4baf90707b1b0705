"""Streams through services that break, say nonsense or nothing: where the next session goes on, and what is kept."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from realtime.protocol.events import Committed, Completed, Finish, Finished, SpeechStarted, SpeechStopped
from tests.fixtures.attempts import Worker
from tests.fixtures.hostile import HostileServer, Peer, error, serve_segments
from tests.fixtures.recognizer import StartRecognizer
from tests.fixtures.sounds import noise, silence
from tests.fixtures.stream_scripts import hear, places, run, to_the_end, until_heard, utter
from worker.streams import stream
from worker.streams.stream import StreamTuning

LOOP = "thank you for watching " * 6
PACE = 40.0  # so that little is on its way when a session breaks


@pytest.fixture
def worker(tmp_path: Path, sqlite_url: str, redis_url: str, start_recognizer: StartRecognizer) -> Iterator[Worker]:
    settings = {"home": tmp_path, "database_url": sqlite_url, "redis_url": redis_url, "jobs": 2, "renew_s": 3600}
    made = Worker(tmp_path, {**settings, "pace": PACE}, start_recognizer, StreamTuning(pause_s=0))
    yield made
    made.close()


def breaks_in_silence(peer: Peer) -> None:
    peer.greet()
    hear(peer, 20_000)
    peer.reset()


def speaks(peer: Peer) -> None:
    """One utterance is finished, another has begun, and some audio more was taken."""
    peer.greet()
    hear(peer, 5000)
    utter(peer, "one", 1000, 3000)
    hear(peer, 15_000)
    peer.say(SpeechStarted(item_id="two", audio_start_ms=6000))
    until_heard(peer)


def breaks_in_speech(peer: Peer) -> None:
    speaks(peer)
    peer.reset()


def says_one_thing(peer: Peer) -> None:
    peer.greet()
    hear(peer, 3000)
    utter(peer, "first", 1000, 2000)
    to_the_end(peer)


def says_what_sounds(peer: Peer) -> None:
    """One utterance, of the first second that is not silence."""
    peer.greet()
    heard = np.frombuffer(peer.take_until(Finish), dtype="<i2")
    start_ms = int(np.flatnonzero(heard)[0]) // 16
    utter(peer, "first", start_ms, start_ms + 1000)
    peer.say(Finished())


def test_a_break_in_a_silence_goes_on_a_little_before_it(worker: Worker) -> None:
    quiet_then_loud = np.concatenate([silence(30_000), noise(10_000)])
    job_id, (_, second_ms) = run(worker, breaks_in_silence, says_what_sounds, samples=quiet_then_loud)

    assert worker.job(job_id).status == "succeeded"
    assert 20_000 - stream.RUN_UP_MS <= 40_000 - second_ms <= 30_000 - stream.RUN_UP_MS
    assert places(worker, job_id) == [(30_000, 31_000)]


def test_no_sound_is_left_out_after_a_break_though_nobody_seemed_to_speak(worker: Worker) -> None:
    quiet_then_loud = np.concatenate([silence(12_000), noise(28_000)])
    job_id, (_, second_ms) = run(worker, breaks_in_silence, says_what_sounds, samples=quiet_then_loud)

    assert second_ms == 40_000 - 12_000 + stream.RUN_UP_MS
    assert places(worker, job_id) == [(12_000, 13_000)]


def test_what_a_service_had_not_come_to_when_it_broke_is_sent_again(worker: Worker) -> None:
    """It takes what we send and listens to it at its own pace: minutes may lie between the two."""

    def lags(peer: Peer) -> None:
        peer.greet()
        hear(peer, 400_000)
        utter(peer, "one", 1000, 3000)
        until_heard(peer)
        peer.reset()

    worker.tune(unknown_ms=1_000_000)
    loud = noise(430_000)
    job_id, (_, second_ms) = run(worker, lags, says_one_thing, samples=loud, pace=400)

    assert second_ms == 427_000
    assert places(worker, job_id) == [(1000, 3000), (4000, 5000)]
    assert worker.transcript(job_id).sent_ms >= 400_000 + second_ms


def test_a_break_soon_after_the_beginning_begins_anew(worker: Worker) -> None:
    _, (_, second_ms) = run(worker, breaks_in_silence, says_one_thing)
    assert second_ms == 40_000


def test_a_break_in_speech_goes_on_behind_what_was_finished(worker: Worker) -> None:
    job_id, (_, second_ms) = run(worker, breaks_in_speech, says_one_thing)

    assert second_ms == 37_000
    assert places(worker, job_id) == [(1000, 3000), (4000, 5000)]


def test_an_utterance_that_ended_with_its_session_is_heard_anew(worker: Worker) -> None:
    def fails_in_speech(peer: Peer) -> None:
        speaks(peer)
        peer.take_until(Finish)
        peer.say(error("server_error", "InternalError"))

    job_id, (_, second_ms) = run(worker, fails_in_speech, says_one_thing)

    assert second_ms == 37_000
    assert places(worker, job_id) == [(1000, 3000), (4000, 5000)]


def test_what_a_broken_session_swallowed_is_counted(worker: Worker) -> None:
    job_id, heard_ms = run(worker, breaks_in_speech, says_one_thing)
    assert worker.transcript(job_id).sent_ms >= sum(heard_ms) > 50_000


def test_a_service_that_only_breaks_ends_the_attempt_after_three_sessions(worker: Worker) -> None:
    job_id, heard_ms = run(worker, breaks_in_silence)

    assert len(heard_ms) == 3
    assert (worker.job(job_id).status, worker.job(job_id).waiting_code) == ("queued", "connection_lost")


def test_answers_out_of_order_are_stored_in_order(worker: Worker) -> None:
    def turned_round(peer: Peer) -> None:
        peer.greet()
        hear(peer, 5000)
        for item, start_ms in (("one", 500), ("two", 2500)):
            peer.say(SpeechStarted(item_id=item, audio_start_ms=start_ms))
            peer.say(SpeechStopped(item_id=item, audio_end_ms=start_ms + 1000), Committed(item_id=item))
        peer.say(Completed(item_id="two", transcript="two"), Completed(item_id="one", transcript="one"))
        to_the_end(peer)

    job_id, _ = run(worker, turned_round, ms=6000)
    assert worker.transcript(job_id).text == "one two"
    assert places(worker, job_id) == [(500, 1500), (2500, 3500)]


def test_a_service_that_says_no_times_is_followed_all_the_same(worker: Worker) -> None:
    def timeless(peer: Peer) -> None:
        peer.greet()
        hear(peer, 3000)
        peer.say(Completed(item_id="one", transcript="one"))
        hear(peer, 6000)
        peer.say(Completed(item_id="two", transcript="two"))
        to_the_end(peer)

    job_id, _ = run(worker, timeless, ms=8000)
    first, second = places(worker, job_id)
    assert first[0] == 0
    assert first[1] == second[0]
    assert second[1] <= 8000


def looping(start_ms: int, end_ms: int) -> Callable[[Peer], None]:
    """A service in VAD mode that hears one utterance there, and the same phrase over and over in it."""

    def script(peer: Peer) -> None:
        peer.greet()
        hear(peer, 3000)
        utter(peer, "one", start_ms, end_ms, LOOP)
        to_the_end(peer)

    return script


def says_again(text: str) -> Callable[[Peer], None]:
    """A service in manual mode that says this of whatever it hears."""

    def script(peer: Peer) -> None:
        peer.greet()
        serve_segments(peer, lambda item, _said: peer.answer(item, text))

    return script


def test_a_suspicious_utterance_is_asked_for_once_more_in_a_session_of_its_own(worker: Worker) -> None:
    job_id, heard_ms = run(worker, looping(500, 2500), says_again("so they said"), ms=4000)

    transcript = worker.transcript(job_id)
    assert (transcript.text, transcript.segments[0]["flags"]) == ("so they said", [])
    assert heard_ms == [4000, 2000]
    assert transcript.sent_ms == 6000


def test_what_stays_suspicious_is_kept_with_its_flag(worker: Worker) -> None:
    job_id, heard_ms = run(worker, looping(500, 2500), says_again(LOOP), ms=4000)

    assert [segment.flags for segment in worker.segments(job_id)] == [["loop"]]
    assert worker.transcript(job_id).segments[0]["flags"] == ["loop"]
    assert heard_ms == [4000, 2000]


def test_an_utterance_that_cannot_be_asked_for_again_keeps_its_flag(worker: Worker) -> None:
    worker.tune(kept_ms=1000)
    job_id, heard_ms = run(worker, looping(500, 2500), ms=4000)

    assert [segment.flags for segment in worker.segments(job_id)] == [["loop"]]
    assert heard_ms == [4000]


def test_words_for_silence_are_suspicious_in_a_stream_too(worker: Worker) -> None:
    def imagines(peer: Peer) -> None:
        peer.greet()
        hear(peer, 3000)
        utter(peer, "one", 500, 2500, "thank you")
        to_the_end(peer)

    with HostileServer(imagines, says_again("")) as server:
        worker.open_at(server.url)
        job_id = worker.submit(silence(4000))
        worker.attempt()

    assert worker.transcript(job_id).text == ""


def test_a_recording_whose_length_is_no_whole_millisecond_comes_to_its_end(worker: Worker) -> None:
    with HostileServer(says_one_thing) as server:
        worker.open_at(server.url)
        job_id = worker.submit(np.concatenate([noise(4000), noise(1)[:7]]))
        worker.attempt()

    assert (worker.job(job_id).status, worker.job(job_id).audio_ms) == ("succeeded", 4000)
