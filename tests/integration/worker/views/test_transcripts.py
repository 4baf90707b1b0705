"""Transcripts as JSON, finished and partial."""

import pytest

from tests.fixtures.finished_jobs import cut, finished
from tests.fixtures.rows import claim, new_answer, submit
from worker.database import Database
from worker.errors import DamagedAudio, NotReady, UnknownJob
from worker.queue import jobs
from worker.results import segments
from worker.views.transcripts import read_transcript, source_of


def test_a_finished_transcript_has_every_part_in_order(database: Database) -> None:
    job_id = finished(database).job_id
    with database.reading() as session:
        transcript = read_transcript(session, job_id)
        assert read_transcript(session, job_id, partial=True) == transcript
    assert transcript.job == job_id
    assert transcript.text == "Good morning. Good morning."
    assert [segment.start_ms for segment in transcript.segments] == [0, 6000]
    assert [(gap.start_ms, gap.code) for gap in transcript.gaps] == [(8000, "content_refused")]
    assert (transcript.duration_ms, transcript.sent_ms) == (10_000, 5000)


def test_before_the_end_there_is_only_a_partial_one(database: Database) -> None:
    claimed, (first, *_) = cut(database, complete=False)
    segments.answered(database, claimed, first, new_answer("Good morning."), sent_ms=4000)
    with database.reading() as session:
        with pytest.raises(NotReady, match="running"):
            read_transcript(session, claimed.job_id)
        partial = read_transcript(session, claimed.job_id, partial=True)
    assert (partial.text, len(partial.segments), partial.duration_ms) == ("Good morning.", 1, None)


def test_a_failed_job_has_none_and_says_where_its_answers_are(database: Database) -> None:
    job_id = submit(database)
    jobs.fail(database, claim(database), DamagedAudio(), "decode")
    with database.reading() as session:
        with pytest.raises(NotReady, match="partial=true"):
            read_transcript(session, job_id)
        assert read_transcript(session, job_id, partial=True).segments == []


def test_an_unknown_job_is_an_error(database: Database) -> None:
    with database.reading() as session:
        with pytest.raises(UnknownJob):
            read_transcript(session, "nothing")
        assert source_of(session, "nothing") == "nothing"
