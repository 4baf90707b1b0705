"""Attempts at jobs whose recording the service cuts, in this process, with the real parts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from tests.fixtures.attempts import SPEC, Worker
from tests.fixtures.recognizer import StartRecognizer
from tests.fixtures.sounds import Samples, silence, talk, tone
from worker.models import Answer, Recording
from worker.queue import jobs
from worker.states import Channels, Segmentation, SegmentState
from worker.streams.stream import StreamTuning

THREE = ((2000, 2000), (3000, 2000), (2500, 2000))  # 13.5 s with three utterances
TOLERANCE_MS = 60  # the service's detector works in frames of 20 ms


@pytest.fixture
def worker(tmp_path: Path, sqlite_url: str, redis_url: str, start_recognizer: StartRecognizer) -> Iterator[Worker]:
    settings = {"home": tmp_path, "database_url": sqlite_url, "redis_url": redis_url, "jobs": 2, "renew_s": 3600}
    made = Worker(tmp_path, settings, start_recognizer, StreamTuning(pause_s=0))
    made.open()
    yield made
    made.close()


def places(worker: Worker, job_id: str) -> list[tuple[int, int, int]]:
    return [(segment.channel, segment.start_ms, segment.end_ms) for segment in worker.segments(job_id)]


def spoken(*parts: tuple[int, int], at_ms: int = 0) -> list[tuple[int, int]]:
    """Where the sounds of `talk` are."""
    found = []
    for sound_ms, pause_ms in parts:
        found.append((at_ms, at_ms + sound_ms))
        at_ms += sound_ms + pause_ms
    return found


def assert_near(found: list[tuple[int, int, int]], wanted: list[tuple[int, int]], channel: int = 0) -> None:
    own = [(start, end) for number, start, end in found if number == channel]
    assert len(own) == len(wanted), (own, wanted)
    for pair, expected in zip(own, wanted, strict=True):
        assert pair == pytest.approx(expected, abs=TOLERANCE_MS)


def test_a_recording_is_cut_by_the_service_and_its_times_are_those_of_the_recording(worker: Worker) -> None:
    job_id = worker.submit(joined(silence(1000), talk(*THREE)))
    worker.attempt()

    job = worker.job(job_id)
    assert (job.status, job.cut_complete, job.audio_ms, job.channels) == ("succeeded", True, 14_500, 1)
    assert_near(places(worker, job_id), spoken(*THREE, at_ms=1000))
    texts = [segment["text"] for segment in worker.transcript(job_id).segments]
    assert texts == [entry["text"] for entry in worker.received("completed")]


def test_all_audio_is_sent_once_and_all_of_it_is_counted(worker: Worker) -> None:
    job_id = worker.submit(talk(*THREE))
    worker.attempt()

    assert worker.received_ms() == worker.sent_ms(job_id) == worker.transcript(job_id).sent_ms == 13_500
    assert worker.job(job_id).sent_outside_ms == pytest.approx(2000, abs=TOLERANCE_MS)  # the silence at the end
    assert len(worker.received("handshake")) == 1


def test_silence_is_sent_and_counted_and_has_an_empty_transcript(worker: Worker) -> None:
    worker.tune(charge_ms=2000)
    job_id = worker.submit(silence(5500))
    worker.attempt()

    assert worker.job(job_id).status == "succeeded"
    assert (worker.transcript(job_id).text, worker.transcript(job_id).sent_ms) == ("", 5500)


def test_channels_are_streamed_one_after_the_other(worker: Worker) -> None:
    left, right = talk((2000, 4000)), joined(silence(3000), talk((2000, 1000), dbfs=-15))
    job_id = worker.submit(left, right)
    worker.attempt()

    assert worker.job(job_id).channels == 2
    assert_near(places(worker, job_id), [(0, 2000)], channel=0)
    assert_near(places(worker, job_id), [(3000, 5000)], channel=1)
    assert worker.transcript(job_id).sent_ms == 12_000
    with worker.resources.database.reading() as session:
        assert {answer.channel for answer in session.scalars(select(Answer))} == {"0", "1"}
        recording = session.scalars(select(Recording)).one()
        assert (recording.auto_channels, recording.channels) == ("split", 2)


def test_channels_can_be_mixed(worker: Worker) -> None:
    left, right = talk((2000, 4000)), joined(silence(3000), talk((2000, 1000), dbfs=-15))
    job_id = worker.submit(left, right, spec=replace(SPEC, channels=Channels.MIX))
    worker.attempt()

    assert_near(places(worker, job_id), [(0, 2000), (3000, 5000)])
    assert worker.transcript(job_id).sent_ms == 6000


def test_a_stream_that_breaks_goes_on_behind_the_last_finished_utterance(worker: Worker) -> None:
    worker.open(fault="reset:0.5", fault_seed=3)
    parts = ((1500, 1500),) * 8
    job_id = worker.submit(talk(*parts))
    worker.attempt_until_ended(job_id)  # how far a session comes before it breaks depends on the machine

    assert worker.job(job_id).status == "succeeded"
    assert_near(places(worker, job_id), spoken(*parts))
    assert worker.sent_ms(job_id) >= worker.received_ms() > 24_000
    assert len(worker.received("handshake")) > 1


def test_a_fault_that_stays_ends_the_attempt_with_what_was_answered_kept(worker: Worker) -> None:
    job_id = worker.submit(talk(*THREE))
    worker.open(fault="fail")
    worker.attempt()
    job = worker.job(job_id)
    assert (job.status, job.waiting_code, job.attempts) == ("queued", "service_fault", 0)
    assert len(worker.received("handshake")) == 3

    worker.open()
    worker.attempt()
    assert worker.job(job_id).status == "succeeded"
    assert_near(places(worker, job_id), spoken(*THREE))


def test_an_utterance_that_is_refused_for_good_is_a_gap(worker: Worker) -> None:
    worker.open(fault="fail:DataInspectionFailed")
    job_id = worker.submit(talk(*THREE))
    worker.attempt_until_ended(job_id)

    assert worker.job(job_id).error_code == "content_refused"
    assert {segment.state for segment in worker.segments(job_id)} == {SegmentState.GAP}
    assert_near(places(worker, job_id), spoken(*THREE))


def test_gaps_that_are_tried_again_by_hand_are_sent_as_segments(worker: Worker) -> None:
    worker.open(fault="fail:DataInspectionFailed")
    job_id = worker.submit(talk(*THREE))
    worker.attempt_until_ended(job_id)
    with worker.resources.database.writing() as session:
        jobs.retry(session, job_id)
        session.commit()
    worker.open()
    worker.attempt_until_ended(job_id)

    assert worker.job(job_id).status == "succeeded"
    assert_near(places(worker, job_id), spoken(*THREE))
    assert all(segment["text"] for segment in worker.transcript(job_id).segments)


def test_a_process_that_is_asked_to_stop_streams_nothing(worker: Worker) -> None:
    job_id = worker.submit(talk(*THREE))
    worker.stop.asked.set()
    worker.attempt()

    assert worker.job(job_id).status == "queued"
    assert worker.received("append") == []


def test_an_identical_job_in_another_archive_sends_nothing(worker: Worker) -> None:
    first = worker.submit(talk(*THREE))
    worker.attempt()
    received_ms = worker.received_ms()
    second = worker.submit(talk(*THREE), archive="other")
    worker.attempt()

    assert worker.transcript(second).segments == worker.transcript(first).segments
    assert (worker.transcript(second).sent_ms, worker.received_ms()) == (0, received_ms)
    assert all(segment.reused for segment in worker.segments(second))
    assert (worker.job(second).audio_ms, worker.job(second).cut_ms) == (13_500, 13_500)


@pytest.mark.parametrize("difference", [{"channels": Channels.MIX}, {"revision": 1}, {"language": "en"}])
def test_a_job_that_asks_for_something_else_is_streamed_anew(worker: Worker, difference: dict[str, Any]) -> None:
    worker.submit(talk(*THREE))
    worker.attempt()
    other = worker.submit(talk(*THREE), spec=replace(SPEC, **difference))
    worker.attempt()

    assert worker.transcript(other).sent_ms == 13_500


def test_only_what_was_flagged_is_asked_for_again(worker: Worker) -> None:
    first = worker.submit(talk(*THREE))
    worker.attempt()
    doubted = worker.segments(first)[1]
    with worker.resources.database.writing() as session:
        session.execute(update(Answer).where(Answer.id == doubted.answer_id).values(flags=["loop"]))
        session.commit()
    second = worker.submit(talk(*THREE), archive="other")
    worker.attempt()

    assert worker.transcript(second).sent_ms == doubted.end_ms - doubted.start_ms
    assert [segment.reused for segment in worker.segments(second)] == [True, False, True]
    assert places(worker, second) == places(worker, first)


def test_a_segment_cut_by_us_may_be_answered_with_what_a_stream_said_of_the_same_place_only(
    worker: Worker,
) -> None:
    worker.submit(tone(2000))
    worker.attempt()
    other = worker.submit(tone(2000), spec=replace(SPEC, segmentation=Segmentation.DOCUMENT))
    worker.attempt()

    with worker.resources.database.reading() as session:
        same_place = len({(answer.start_ms, answer.end_ms) for answer in session.scalars(select(Answer))}) == 1
    assert worker.segments(other)[0].reused == same_place


def joined(*sounds: Samples) -> Samples:
    return np.concatenate(sounds)
