"""A recording is one row for an identity, completed by what work on it shows."""

import pytest
from sqlalchemy import func, select

from tests.fixtures.rows import claim, new_recording, submit
from worker.database import Database
from worker.errors import LeaseLost, UnknownRecording
from worker.models import Recording
from worker.queue import jobs
from worker.recordings import find_or_add, learn, read_recording


def test_identity_is_one_recording_in_an_archive(database: Database) -> None:
    with database.writing() as session:
        [first, twin] = find_or_add(session, [new_recording(), new_recording(source="twin.wav")])
        [again] = find_or_add(session, [new_recording(source="renamed.wav")])
        [other] = find_or_add(session, [new_recording(archive="other")])
        session.commit()
    assert first.id == twin.id == again.id != other.id
    assert [one.added for one in (first, again, other)] == [True, False, True]
    assert read_recording(database, first.id).source == "1.wav"


def test_everything_that_was_registered_is_kept(database: Database) -> None:
    given = new_recording(
        source_url="https://example.org/a.wav?sig=x",
        media_key="ab/cd",
        size_bytes=7,
        external_id="e",
        labels={"a": "b"},
    )
    with database.writing() as session:
        [found] = find_or_add(session, [given])
        session.commit()
    row = read_recording(database, found.id)
    assert {name: getattr(row, name) for name in vars(given)} == vars(given)


def test_unknown_recording_is_said_to_be_unknown(database: Database) -> None:
    with pytest.raises(UnknownRecording):
        read_recording(database, "nothing")


def test_what_a_fetch_shows_is_noted(database: Database) -> None:
    submit(database)
    claimed = claim(database)
    learn(database, claimed, size_bytes=5, auto_channels="split")
    row = read_recording(database, claimed.recording_id)
    assert (row.size_bytes, row.auto_channels, row.digest) == (5, "split", f"{1:064x}")


def test_nothing_is_noted_under_a_stale_fence(database: Database) -> None:
    submit(database)
    stale = claim(database)
    jobs.release(database, stale)
    with pytest.raises(LeaseLost):
        learn(database, stale, size_bytes=5)
    with database.reading() as session:
        assert session.scalar(select(func.count()).where(Recording.size_bytes == 5)) == 0
