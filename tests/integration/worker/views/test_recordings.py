"""Recordings and their versions as JSON."""

import pytest

from tests.fixtures.finished_jobs import finished
from tests.fixtures.rows import submit
from worker.database import Database
from worker.errors import UnknownRecording
from worker.shapes.selection import RecordingFields
from worker.views.pages import PageRequest
from worker.views.recordings import list_recordings, list_versions, show_recording


def test_a_recording_shows_its_length_and_its_current_transcript(database: Database) -> None:
    recording_id = finished(database).recording_id
    with database.reading() as session:
        view = show_recording(session, recording_id)
        versions = list_versions(session, recording_id, PageRequest()).items
    assert view.duration_ms == 10_000
    assert [(version.id, version.current) for version in versions] == [(view.current_transcript, True)]
    assert (versions[0].segments, versions[0].gaps) == (2, 1)


def test_recordings_are_listed_by_archive_newest_first(database: Database) -> None:
    for number in range(3):
        submit(database, number)
    with database.reading() as session:
        page = list_recordings(session, PageRequest(limit=2), RecordingFields())
        ids = [view.id for view in page.items]
        assert ids == sorted(ids, reverse=True)
        assert page.next is not None
        assert list_recordings(session, PageRequest(), RecordingFields(archive="nowhere")).items == []


def test_an_unknown_recording_is_an_error(database: Database) -> None:
    with database.reading() as session:
        with pytest.raises(UnknownRecording):
            show_recording(session, "nothing")
        with pytest.raises(UnknownRecording):
            list_versions(session, "nothing", PageRequest())
