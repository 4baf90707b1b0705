"""One attempt after another at one job, in this process, with the real parts."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tests.fixtures.attempts import submit_recording
from tests.fixtures.recognizer import StartRecognizer
from tests.fixtures.redis import free_port
from tests.fixtures.rows import read_job, set_job
from tests.fixtures.sounds import noise, silence, talk, tone, write_wav
from worker.archive_rules import Rules, save_archive
from worker.attempt.pipeline import work_on
from worker.attempt.resources import WorkerResources, open_resources
from worker.attempt.sources import Sources
from worker.claims.claim import Claim
from worker.claims.lease import Stop
from worker.models import Answer, Job, Recording
from worker.queue import jobs
from worker.results import segments
from worker.settings import Settings
from worker.spec import Spec
from worker.split.spans import Span
from worker.states import Lane, SegmentState

SPEC = Spec(service="local", model="scripted")
THREE = ((2000, 2200),) * 3


@pytest.fixture
def stop() -> Stop:
    return Stop()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "received.jsonl"


@pytest.fixture
def settings(
    tmp_path: Path, database_url: str, redis_url: str, start_recognizer: StartRecognizer, log: Path
) -> Settings:
    url = start_recognizer(log=log).url
    places: dict[str, Any] = {"home": tmp_path, "database_url": database_url, "redis_url": redis_url, "local_url": url}
    return Settings(**places, jobs=2, renew_s=3600)


@pytest.fixture
def resources(settings: Settings, stop: Stop) -> Iterator[WorkerResources]:
    opened = open_resources(settings, stop)
    yield opened
    opened.close()


def submit(resources: WorkerResources, path: Path) -> str:
    return submit_recording(resources, path, SPEC)


def claim(resources: WorkerResources) -> Claim:
    claimed = jobs.claim(resources.database, Lane.NORMAL, "w", 60)
    assert claimed is not None
    return claimed


def attempt(resources: WorkerResources) -> None:
    work_on(resources, claim(resources), time.monotonic())


def commits(log: Path) -> list[dict[str, Any]]:
    entries = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [entry for entry in entries if entry["event"] == "commit"]


def states(resources: WorkerResources, job_id: str) -> list[SegmentState]:
    claimed = Claim(job_id=job_id, recording_id="", worker="", fence=0, spec=SPEC, lease_s=0)
    return [segment.state for segment in segments.stored_segments(resources.database, claimed)]


def change_recording(resources: WorkerResources, **columns: Any) -> None:  # noqa: ANN401  # any column
    with resources.database.writing() as session:
        session.execute(update(Recording).values(columns))
        session.commit()


def test_an_attempt_leads_from_bytes_to_a_transcript(resources: WorkerResources, tmp_path: Path, log: Path) -> None:
    job_id = submit(resources, write_wav(tmp_path / "talk.wav", talk(*THREE)))
    attempt(resources)

    job = read_job(resources.database, job_id)
    assert (job.status, job.attempts, job.cut_complete, job.audio_ms) == ("succeeded", 1, True, 12_600)
    assert states(resources, job_id) == [SegmentState.ANSWERED] * 3
    assert len(commits(log)) == 3


def test_spans_are_stored_before_their_audio_is_sent_and_followed_by_a_later_attempt(
    resources: WorkerResources, tmp_path: Path, log: Path
) -> None:
    job_id = submit(resources, write_wav(tmp_path / "talk.wav", talk(*THREE)))
    first = claim(resources)
    mine = Span(channel=0, start_ms=100, end_ms=900)  # no splitter of today would cut like this
    segments.store_spans(resources.database, first, [mine], channels=1, cut_ms=900)
    jobs.release(resources.database, first)
    attempt(resources)

    assert read_job(resources.database, job_id).status == "succeeded"
    assert 800 * 32 in [entry["bytes"] for entry in commits(log)]
    assert len(states(resources, job_id)) == 4


def test_a_complete_job_is_finished_without_its_audio(resources: WorkerResources, tmp_path: Path) -> None:
    job_id = submit(resources, write_wav(tmp_path / "silence.wav", silence(2000)))
    first = claim(resources)
    segments.complete_cut(resources.database, first, 2000)
    jobs.release(resources.database, first)
    change_recording(resources, media_key=f"00/{'0' * 64}")
    attempt(resources)

    assert read_job(resources.database, job_id).status == "succeeded"


def test_a_process_that_is_asked_to_stop_begins_nothing(
    resources: WorkerResources, tmp_path: Path, stop: Stop, log: Path
) -> None:
    job_id = submit(resources, write_wav(tmp_path / "talk.wav", talk(*THREE)))
    stop.asked.set()
    attempt(resources)

    assert read_job(resources.database, job_id).status == "queued"
    assert commits(log) == []


def test_an_attempt_whose_job_was_taken_over_writes_nothing(
    resources: WorkerResources, tmp_path: Path, log: Path
) -> None:
    job_id = submit(resources, write_wav(tmp_path / "talk.wav", talk(*THREE)))
    stale = claim(resources)
    jobs.release(resources.database, stale)
    successor = claim(resources)
    work_on(resources, stale, time.monotonic())

    assert states(resources, job_id) == []
    assert read_job(resources.database, job_id).fence == successor.fence
    assert commits(log) == []


def test_an_attempt_whose_lease_is_long_over_sends_nothing(
    resources: WorkerResources, tmp_path: Path, log: Path
) -> None:
    submit(resources, write_wav(tmp_path / "talk.wav", talk(*THREE)))
    work_on(resources, claim(resources), time.monotonic() - 100)

    assert commits(log) == []


def test_a_job_of_many_segments_uses_the_sessions_that_there_are(
    resources: WorkerResources, tmp_path: Path, log: Path
) -> None:
    job_id = submit(resources, write_wav(tmp_path / "talk.wav", talk(*((1000, 2200),) * 12)))
    attempt(resources)

    assert states(resources, job_id) == [SegmentState.ANSWERED] * 12
    assert len({entry["session"] for entry in commits(log)}) <= resources.services.find("local").sessions


def test_a_recording_is_not_decoded_again_while_its_service_is_away(
    settings: Settings, stop: Stop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = open_resources(settings.model_copy(update={"local_url": f"ws://127.0.0.1:{free_port()}/"}), stop)
    job_id = submit(away, write_wav(tmp_path / "a.wav", talk(*THREE)))
    attempt(away)
    set_job(away.database, job_id, due_ms=0)
    monkeypatch.setattr(Sources, "open", None)  # whoever fetches or decodes now fails otherwise
    attempt(away)
    job = read_job(away.database, job_id)
    away.close()

    assert (job.status, job.waiting_code) == ("queued", "service_unreachable")


def test_what_auto_channels_were_judged_to_be_is_kept(resources: WorkerResources, tmp_path: Path) -> None:
    left, right = talk((2000, 4000)), talk((0, 3000), (2000, 1000), dbfs=-15)
    submit(resources, write_wav(tmp_path / "call.wav", left, right))
    attempt(resources)

    with resources.database.reading() as session:
        recording = session.query(Recording).one()
        assert (recording.auto_channels, recording.channels, recording.duration_ms) == ("split", 2, 6000)
        assert {answer.channel for answer in session.query(Answer)} == {"0", "1"}


def test_near_equal_channels_are_mixed_and_their_answers_say_so(resources: WorkerResources, tmp_path: Path) -> None:
    both = noise(2000)
    submit(resources, write_wav(tmp_path / "room.wav", both, both))
    attempt(resources)

    with resources.database.reading() as session:
        assert session.query(Recording).one().auto_channels == "mix"
        assert [answer.channel for answer in session.query(Answer)] == ["mix"]


def test_a_service_that_is_not_known_here_fails_the_job_once(resources: WorkerResources, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "tone.wav", tone(1000))
    job_id = submit(resources, path)
    with resources.database.writing() as session:
        session.execute(update(Job).values(spec={**SPEC.to_json(), "service": "nowhere"}))
        session.commit()
    attempt(resources)

    job = read_job(resources.database, job_id)
    assert (job.status, job.error_code, job.attempts) == ("failed", "unknown_service", 1)


def test_a_recording_that_must_not_go_there_any_more_is_not_sent(
    resources: WorkerResources, tmp_path: Path, log: Path
) -> None:
    job_id = submit(resources, write_wav(tmp_path / "a.wav", talk(*THREE)))
    with resources.database.writing() as session:
        save_archive(session, Rules(name="tests", services=("intl",)))
        session.commit()
    attempt(resources)

    job = read_job(resources.database, job_id)
    assert (job.status, job.error_code) == ("failed", "service_not_allowed")
    assert not log.exists() or "append" not in log.read_text()
