"""Finishing makes one immutable transcript and moves the recording's current one, all at once or not at all."""

import pytest
from sqlalchemy import func, select

from realtime.protocol.errors import ContentRefused
from tests.fixtures.rows import SPEC, claim, give_to_campaign, new_answer, read_job, submit
from worker.claims.claim import Claim
from worker.database import Database
from worker.errors import DamagedAudio, LeaseLost, UnexpectedError
from worker.models import Segment, Transcript
from worker.queue import jobs
from worker.recordings import read_recording
from worker.results import segments
from worker.split.spans import Span
from worker.states import JobState, SegmentState


def _cut(database: Database, claimed: Claim, *, audio_ms: int = 3000) -> list[segments.StoredSegment]:
    spans = [Span(0, 0, 1000), Span(0, 2000, 3000)]
    stored = segments.store_spans(database, claimed, spans, channels=1, cut_ms=audio_ms)
    segments.complete_cut(database, claimed, audio_ms)
    return stored


def _work_through(database: Database, claimed: Claim) -> str:
    for segment in _cut(database, claimed):
        segments.answered(database, claimed, segment.id, new_answer(model="heard-by"), sent_ms=1000)
    return jobs.finish(database, claimed)


def _transcript(database: Database, transcript_id: str) -> Transcript:
    with database.reading() as session:
        return session.scalars(select(Transcript).where(Transcript.id == transcript_id)).one()


def test_finished_job_has_a_transcript_and_its_recording_a_current_one(database: Database) -> None:
    job_id = submit(database)
    claimed = claim(database)
    transcript_id = _work_through(database, claimed)
    job, made = read_job(database, job_id), _transcript(database, transcript_id)
    assert (job.status, job.attempts, job.worker, job.lease_until_ms) == (JobState.SUCCEEDED, 1, None, None)
    assert job.finished_ms is not None
    assert (made.job_id, made.recording_id, made.service) == (job_id, claimed.recording_id, "local")
    assert (made.text, made.model, made.language) == ("hello hello", "heard-by", "en")
    assert (made.duration_ms, made.sent_ms, made.gaps) == (3000, 2000, [])
    recording = read_recording(database, claimed.recording_id)
    assert (recording.current_transcript_id, recording.duration_ms) == (transcript_id, 3000)


def test_silence_ends_as_an_empty_transcript_by_the_model_that_was_asked(database: Database) -> None:
    submit(database)
    claimed = claim(database)
    segments.complete_cut(database, claimed, 5000)
    made = _transcript(database, jobs.finish(database, claimed))
    assert (made.text, made.segments, made.model, made.sent_ms) == ("", [], SPEC.model, 0)


def test_gap_is_reported_in_the_transcript(database: Database) -> None:
    submit(database)
    claimed = claim(database)
    first, second = _cut(database, claimed)
    segments.answered(database, claimed, first.id, new_answer(), sent_ms=1000)
    segments.gap(database, claimed, second.id, ContentRefused("Not this."), 1000)
    made = _transcript(database, jobs.finish(database, claimed))
    place = {"channel": 0, "speaker": None, "start_ms": 2000, "end_ms": 3000}
    assert made.gaps == [{**place, "code": "content_refused", "message": "Not this."}]
    assert len(made.segments) == 1


def test_segment_without_an_answer_keeps_the_job_from_its_end(database: Database) -> None:
    submit(database)
    claimed = claim(database)
    _cut(database, claimed)
    with pytest.raises(UnexpectedError):
        jobs.finish(database, claimed)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Transcript)) == 0


def test_finished_twice_is_finished_once(database: Database) -> None:
    submit(database)
    claimed = claim(database)
    _work_through(database, claimed)
    with pytest.raises(LeaseLost):
        jobs.finish(database, claimed)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Transcript)) == 1


def test_a_campaigns_transcript_waits_for_its_promotion(database: Database) -> None:
    submit(database)
    old = _work_through(database, claim(database))
    give_to_campaign(database, submit(database, fresh=True))
    claimed = claim(database)
    new = _work_through(database, claimed)
    assert new != old
    assert read_recording(database, claimed.recording_id).current_transcript_id == old


def test_a_campaigns_transcript_is_better_than_none(database: Database) -> None:
    give_to_campaign(database, submit(database))
    claimed = claim(database)
    new = _work_through(database, claimed)
    assert read_recording(database, claimed.recording_id).current_transcript_id == new


def test_a_transcript_counts_its_gaps_and_doubted_segments(database: Database) -> None:
    submit(database)
    transcript = _transcript(database, _work_through(database, claim(database)))
    assert (transcript.recognition_key, transcript.gaps_count, transcript.flags_count) == (SPEC.recognition_key, 0, 0)


def test_a_fresh_run_adds_a_version_and_keeps_the_old_one(database: Database) -> None:
    submit(database)
    old = _work_through(database, claim(database))
    submit(database, fresh=True)
    claimed = claim(database)
    new = _work_through(database, claimed)
    assert read_recording(database, claimed.recording_id).current_transcript_id == new
    assert _transcript(database, old).text == "hello hello"


def test_retry_sends_only_what_has_no_answer(database: Database) -> None:
    job_id = submit(database)
    claimed = claim(database)
    first, second = _cut(database, claimed)
    segments.answered(database, claimed, first.id, new_answer(), sent_ms=1000)
    segments.gap(database, claimed, second.id, ContentRefused(), 1000)
    jobs.fail(database, claimed, DamagedAudio(), "recognise")
    with database.writing() as session:
        jobs.retry(session, job_id)
        session.commit()
    states = [segment.state for segment in segments.stored_segments(database, claim(database))]
    assert states == [SegmentState.ANSWERED, SegmentState.PENDING]
    with database.reading() as session:
        again = session.scalars(select(Segment).where(Segment.id == second.id)).one()
    assert (again.gap_code, again.gap_message, again.sent_ms) == (None, None, 1000)
