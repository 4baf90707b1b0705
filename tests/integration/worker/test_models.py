"""What the tables themselves hold, whatever is asked of them."""

import re

import pytest
from sqlalchemy import BigInteger, insert, select, update
from sqlalchemy.exc import IntegrityError

from tests.fixtures.rows import new_recording, submit
from worker.database import Database
from worker.models import Base, Job, Recording, Segment, Transcript
from worker.recordings import find_or_add
from worker.states import JobState


def test_every_time_and_length_is_a_big_integer() -> None:
    columns = [column for table in Base.metadata.tables.values() for column in table.columns]
    counted = [column for column in columns if re.search(r"_(ms|bytes)$", column.name)]
    assert len(counted) > 20
    assert [str(column) for column in counted if not isinstance(column.type, BigInteger)] == []


def test_recording_runs_once_under_a_recognition_key(database: Database) -> None:
    job_id = submit(database)
    with database.writing() as session:
        session.execute(update(Job).values(status=JobState.RUNNING))
        columns = [column for column in Job.__table__.columns if column.name != "id"]
        twin = select(*columns).where(Job.id == job_id)
        row = dict(session.execute(twin).one()._mapping)
        with pytest.raises(IntegrityError):
            session.execute(insert(Job).values(id="twin", **row))


def test_archive_has_an_identity_once(database: Database) -> None:
    with database.writing() as session:
        find_or_add(session, [new_recording()])
        row = {"id": "twin", "created_ms": 0, "labels": {}, "source": "x"}
        with pytest.raises(IntegrityError):
            session.execute(insert(Recording).values(archive="tests", identity=new_recording().identity, **row))


def test_job_has_a_segment_once_at_a_place(database: Database) -> None:
    row = {"job_id": submit(database), "channel": 0, "start_ms": 0, "state": "pending", "fence": 1}
    with database.writing() as session:
        session.execute(insert(Segment).values(end_ms=1000, **row))
        with pytest.raises(IntegrityError):
            session.execute(insert(Segment).values(end_ms=2000, **row))


def test_job_has_one_transcript(database: Database) -> None:
    job_id = submit(database)
    with database.writing() as session:
        recording_id = session.scalars(select(Job.recording_id)).one()
        row = {"recording_id": recording_id, "job_id": job_id, "service": "s", "model": "m", "text": ""}
        rest = {"origin": "job", "duration_ms": 0, "sent_ms": 0, "created_ms": 0, "gaps": [], "segments": []}
        session.execute(insert(Transcript).values(id="t1", **row, **rest))
        with pytest.raises(IntegrityError):
            session.execute(insert(Transcript).values(id="t2", **row, **rest))
