"""Versions of a transcript: brought from elsewhere, chosen, pinned; what jobs may then still move."""

import re

import pytest
from sqlalchemy import select

from tests.fixtures.finished_jobs import finished
from tests.fixtures.paths import ROOT
from tests.fixtures.rows import claim, submit
from worker.database import Database
from worker.errors import UnknownRecording, UnknownTranscript
from worker.models import Recording, Transcript
from worker.queue import jobs
from worker.results import segments
from worker.results.transcript_readers import BroughtTranscript, ReadSegment
from worker.results.versions import add_version, make_current

CORRECTED = BroughtTranscript(
    segments=[
        ReadSegment(start_ms=0, end_ms=4000, text="Good morning."),
        ReadSegment(start_ms=5000, end_ms=6000, text="Ada."),
    ],
    language="en",
)


def recording_of(database: Database) -> Recording:
    with database.reading() as session:
        return session.scalars(select(Recording)).one()


def added(database: Database, *, pin: bool) -> str:
    with database.writing() as session:
        version = add_version(session, recording_of(database).id, CORRECTED, pin=pin)
        session.commit()
    return version.id


def chosen(database: Database, transcript_id: str, *, pin: bool) -> None:
    with database.writing() as session:
        make_current(session, recording_of(database).id, transcript_id, pin=pin)
        session.commit()


def again(database: Database) -> str:
    """The recording is transcribed anew; the new version."""
    submit(database, fresh=True)
    claimed = claim(database)
    segments.complete_cut(database, claimed, 10_000)
    return jobs.finish(database, claimed)


def test_a_version_from_elsewhere_stands_beside_the_current_one(database: Database) -> None:
    finished(database)
    before = recording_of(database).current_transcript_id
    version = added(database, pin=False)

    assert recording_of(database).current_transcript_id == before
    with database.reading() as session:
        row = session.get_one(Transcript, version)
    assert (row.origin, row.job_id, row.text, row.language) == ("import", None, "Good morning. Ada.", "en")
    assert (row.sent_ms, row.duration_ms) == (0, 10_000)


def test_a_pinned_version_is_the_current_one_whatever_jobs_answer_later(database: Database) -> None:
    finished(database, 1)
    pinned = added(database, pin=True)
    again(database)

    assert (recording_of(database).current_transcript_id, recording_of(database).pinned) == (pinned, True)


def test_without_its_pin_a_job_moves_it_again(database: Database) -> None:
    finished(database, 1)
    version = added(database, pin=True)
    chosen(database, version, pin=False)
    newest = again(database)

    assert recording_of(database).current_transcript_id == newest != version


def test_an_old_version_can_be_chosen_again(database: Database) -> None:
    finished(database)
    old = recording_of(database).current_transcript_id
    assert old is not None
    added(database, pin=True)
    chosen(database, old, pin=True)

    assert (recording_of(database).current_transcript_id, recording_of(database).pinned) == (old, True)


def test_what_is_not_there_is_told(database: Database) -> None:
    finished(database)
    with pytest.raises(UnknownTranscript), database.writing() as session:
        make_current(session, recording_of(database).id, "none")
    with pytest.raises(UnknownRecording), database.writing() as session:
        add_version(session, "none", CORRECTED)


def test_a_transcript_of_another_recording_cannot_be_chosen(database: Database) -> None:
    first, second = finished(database, 1), finished(database, 2)
    with database.reading() as session:
        other = session.scalars(select(Transcript.id).where(Transcript.recording_id == second.recording_id)).one()
    with pytest.raises(UnknownTranscript), database.writing() as session:
        make_current(session, first.recording_id, other)


def test_the_same_transcript_again_adds_no_version(database: Database) -> None:
    finished(database)
    first = added(database, pin=False)
    assert added(database, pin=False) == first
    assert added(database, pin=True) == first
    assert (recording_of(database).current_transcript_id, recording_of(database).pinned) == (first, True)


def test_plain_text_that_came_before_the_length_was_known_is_the_same_after(database: Database) -> None:
    finished(database)
    versions = []
    for end_ms in (0, 10_000):
        said = BroughtTranscript(segments=[ReadSegment(start_ms=0, end_ms=end_ms, text="Good morning.")])
        with database.writing() as session:
            versions.append(add_version(session, recording_of(database).id, said))
            session.commit()
    assert [one.existing for one in versions] == [False, True]
    assert versions[0].id == versions[1].id


def test_other_words_times_or_makers_are_another_version(database: Database) -> None:
    finished(database)
    segment = ReadSegment(start_ms=500, end_ms=900, text="Hello.")
    others = [
        BroughtTranscript(segments=[segment]),
        BroughtTranscript(segments=[segment.model_copy(update={"text": "Hallo."})]),
        BroughtTranscript(segments=[segment.model_copy(update={"end_ms": 950})]),
        BroughtTranscript(segments=[segment], model="another"),
    ]
    with database.writing() as session:
        made = [add_version(session, recording_of(database).id, one) for one in others]
        session.commit()
    assert len({one.id for one in made}) == 4


def test_no_code_changes_a_transcript_once_it_is_there() -> None:
    verbs = re.compile(r"\b(change|update|delete|upsert)\((session, )?Transcript\b")
    rooms = [path for room in ("worker", "api") for path in (ROOT / room).rglob("*.py")]
    assert len(rooms) > 100
    assert not [path for path in rooms if verbs.search(path.read_text())]
