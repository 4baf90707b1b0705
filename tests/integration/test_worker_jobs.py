"""Jobs through a real worker process, Celery, Redis, SQL and the local service with its scripted engine."""

import functools
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from realtime.service.engines.scripted_engine import words_of
from tests.fixtures.paths import SAMPLES
from tests.fixtures.redis import RedisServer
from tests.fixtures.sounds import audio, music, read_samples, silence, talk, tone, write_wav
from tests.fixtures.worker_processes import SCRIPTED, Fleet, running_fleet
from worker.recordings import NewRecording, read_recording
from worker.states import Channels, Lane
from worker.views.jobs import read_job as view


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, _shared_redis: RedisServer
) -> Iterator[Fleet]:
    """One fleet for all tests of this file; each submits recordings of its own."""
    folder = tmp_path_factory.mktemp("fleet")
    shutil.copyfile(sqlite_template, folder / "longhand.db")
    with running_fleet(folder, database_url=f"sqlite:///{folder / 'longhand.db'}", redis_url=_shared_redis.url) as made:
        made.start_service()
        made.start_dispatcher()
        made.start_worker(allow_private_urls=True)
        yield made


def test_a_recording_becomes_a_transcript(fleet: Fleet, tmp_path: Path) -> None:
    sound = talk((4000, 3000), (5000, 2500), (3000, 0), dbfs=-17)
    job_id = fleet.submit(write_wav(tmp_path / "talk.wav", sound))

    assert fleet.ended(job_id).status == "succeeded"
    transcript = fleet.transcript(job_id)
    assert (transcript.model, transcript.duration_ms, len(transcript.segments)) == ("scripted", 17_500, 3)
    for segment in transcript.segments:
        heard = audio(sound)[segment["start_ms"] : segment["end_ms"]].raw_data
        assert segment["text"] == " ".join(words_of(heard))
    assert transcript.sent_ms == sum(segment["end_ms"] - segment["start_ms"] for segment in transcript.segments)


def test_a_stereo_call_is_recognised_channel_by_channel(fleet: Fleet, tmp_path: Path) -> None:
    left, right = talk((3000, 6000), dbfs=-16), talk((0, 4000), (3000, 2000), dbfs=-16)
    job_id = fleet.submit(write_wav(tmp_path / "call.wav", left, right))

    job = fleet.ended(job_id)
    assert (job.status, job.channels) == ("succeeded", 2)
    assert [segment["channel"] for segment in fleet.transcript(job_id).segments] == [0, 1]
    assert read_recording(fleet.database, job.recording_id).auto_channels == Channels.SPLIT


def test_what_was_asked_of_the_cut_is_done_and_channels_are_named(fleet: Fleet, tmp_path: Path) -> None:
    left = np.concatenate([talk((3000, 400), (3000, 400), (3000, 3000), dbfs=-16), silence(12_000)])
    right = np.concatenate([silence(len(left) // 16 - 10_000), talk((9000, 1000), dbfs=-17)])[: len(left)]
    asked = replace(SCRIPTED, channel_labels={"0": "agent"}, cut={"soft_ms": 0, "target_ms": 2000, "limit_ms": 4000})
    job_id = fleet.submit(write_wav(tmp_path / "named.wav", left, right), asked)

    assert fleet.ended(job_id).status == "succeeded"
    segments = fleet.transcript(job_id).segments
    assert {(segment["channel"], segment["speaker"]) for segment in segments} == {(0, "agent"), (1, None)}
    assert max(segment["end_ms"] - segment["start_ms"] for segment in segments) <= 4000
    assert len(segments) >= 5


def test_names_are_not_shown_where_channels_were_mixed(fleet: Fleet, tmp_path: Path) -> None:
    sound = talk((3000, 1000), dbfs=-15)
    asked = replace(SCRIPTED, channels=Channels.MIX, channel_labels={"0": "agent"})
    job_id = fleet.submit(write_wav(tmp_path / "mixed.wav", sound, sound), asked)

    assert fleet.ended(job_id).status == "succeeded"
    assert [segment["speaker"] for segment in fleet.transcript(job_id).segments] == [None]


def test_with_voice_music_is_not_sent(fleet: Fleet, tmp_path: Path) -> None:
    speech = read_samples(SAMPLES / "river.wav")[: 8 * 16_000]
    sound = np.concatenate([music(20_000), silence(4000), speech, silence(1000)])
    job_id = fleet.submit(write_wav(tmp_path / "programme.wav", sound), replace(SCRIPTED, voice=True))

    assert fleet.ended(job_id).status == "succeeded"
    with fleet.database.reading() as session:
        shown = view(session, job_id)
    assert 0 < shown.sent_ms <= 8000
    assert shown.skipped_ms == 33_000 - shown.needed_ms >= 24_000


def test_silence_succeeds_with_an_empty_transcript_and_nothing_is_sent(fleet: Fleet, tmp_path: Path) -> None:
    job_id = fleet.submit(write_wav(tmp_path / "silence.wav", silence(3000)))

    assert fleet.ended(job_id).status == "succeeded"
    transcript = fleet.transcript(job_id)
    assert (transcript.text, transcript.segments, transcript.duration_ms) == ("", [], 3000)
    assert transcript.sent_ms == 0


def test_a_sound_under_a_fifth_of_a_second_succeeds_with_an_empty_transcript(fleet: Fleet, tmp_path: Path) -> None:
    job_id = fleet.submit(write_wav(tmp_path / "click.wav", tone(150)))

    assert fleet.ended(job_id).status == "succeeded"
    assert fleet.transcript(job_id).text == ""


def test_the_same_audio_in_another_archive_sends_nothing(fleet: Fleet, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "talk.wav", talk((4000, 3000), (5000, 0), dbfs=-15))
    first = fleet.submit(path)
    fleet.ended(first)
    received = len(fleet.received())
    second = fleet.submit(path, archive="other")

    assert fleet.ended(second).status == "succeeded"
    assert fleet.transcript(second).text == fleet.transcript(first).text
    assert (fleet.transcript(second).sent_ms, len(fleet.received())) == (0, received)
    assert all(segment.reused for segment in fleet.segments(second))


def test_the_same_sound_in_another_recording_is_known(fleet: Fleet, tmp_path: Path) -> None:
    known = talk((3000, 3000), dbfs=-14)
    fleet.ended(fleet.submit(write_wav(tmp_path / "one.wav", known)))
    new = tone(2000, hz=300)
    job_id = fleet.submit(write_wav(tmp_path / "two.wav", np.concatenate([known, new])))

    assert fleet.ended(job_id).status == "succeeded"
    assert [segment.reused for segment in fleet.segments(job_id)] == [True, False]


def test_each_lane_is_worked_on(fleet: Fleet, tmp_path: Path) -> None:
    submitted = [
        fleet.submit(write_wav(tmp_path / f"{lane}.wav", tone(1000 + 100 * index)), replace(SCRIPTED, lane=lane))
        for index, lane in enumerate(Lane)
    ]

    assert {fleet.ended(job_id).status for job_id in submitted} == {"succeeded"}


def test_a_file_that_is_no_audio_fails_once_with_what_to_do(fleet: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "notes.mp3"
    path.write_text("Buy milk. " * 50)
    job = fleet.ended(fleet.submit(path))

    assert (job.status, job.error_code, job.attempts) == ("failed", "not_audio", 1)
    assert job.error is not None
    assert job.error["stage"] == "decode"


def test_bytes_that_are_gone_fail_the_job_once(fleet: Fleet) -> None:
    job_id = fleet.submit_recording(
        NewRecording(archive="tests", identity="gone", digest="0" * 64, source="gone.wav", media_key=f"00/{'0' * 64}")
    )
    job = fleet.ended(job_id)

    assert (job.status, job.error_code, job.attempts) == ("failed", "source_missing", 1)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A web server over the test's folder; its URL."""
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Tests print nothing."""


def test_a_url_is_fetched_for_its_job_and_removed_after_it(fleet: Fleet, tmp_path: Path, site: str) -> None:
    write_wav(tmp_path / "talk.wav", talk((2000, 0), dbfs=-13))
    url = f"{site}/talk.wav?signature=secret"
    job = fleet.ended(fleet.submit_recording(NewRecording(archive="tests", identity=url, source=site, source_url=url)))

    assert job.status == "succeeded"
    recording = read_recording(fleet.database, job.recording_id)
    assert recording.digest is not None
    assert list((fleet.folder / "media" / ".fetched").iterdir()) == []
    assert "secret" not in fleet.logs()


def test_a_url_with_nothing_behind_it_fails_once(fleet: Fleet, site: str) -> None:
    url = f"{site}/nothing.wav"
    job = fleet.ended(fleet.submit_recording(NewRecording(archive="tests", identity=url, source=url, source_url=url)))

    assert (job.status, job.error_code, job.attempts) == ("failed", "source_missing", 1)
    assert job.error is not None
    assert job.error["stage"] == "fetch"
