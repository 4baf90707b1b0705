"""A filter chooses the jobs that are all of what it says."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.fixtures.rows import SPEC, set_job, submit
from worker.database import Database
from worker.models import Batch, Job
from worker.queue.filters import JobFilter
from worker.states import JobState


@pytest.fixture
def two(database: Database) -> tuple[str, str]:
    """One plain job, and one with everything that a filter can ask for."""
    plain = submit(database, 1)
    with database.writing() as session:
        session.add(Batch(id="b1", name=None, created_ms=0))
        session.commit()
    options = {"batch_id": "b1", "external_id": "call-7", "labels": {"team": "north", "year": "2026"}}
    rich = submit(database, 2, replace(SPEC, language="en"), **options)
    set_job(database, rich, status=JobState.FAILED, archive="calls", error_code="damaged_audio")
    return plain, rich


RICH = [
    JobFilter(status=JobState.FAILED),
    JobFilter(archive="calls"),
    JobFilter(batch="b1"),
    JobFilter(code="damaged_audio"),
    JobFilter(external_id="call-7"),
    JobFilter(labels={"team": "north"}),
    JobFilter(labels={"team": "north", "year": "2026"}, archive="calls"),
]


def _chosen(database: Database, chosen: JobFilter) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(chosen.where(select(Job.id)).order_by(Job.id)))


@pytest.mark.parametrize("chosen", RICH, ids=str)
def test_each_field_chooses(database: Database, two: tuple[str, str], chosen: JobFilter) -> None:
    assert _chosen(database, chosen) == [two[1]]


def test_empty_filter_is_every_job(database: Database, two: tuple[str, str]) -> None:
    assert _chosen(database, JobFilter()) == list(two)


def test_all_of_it_must_hold(database: Database, two: tuple[str, str]) -> None:
    assert _chosen(database, JobFilter(archive="calls", status=JobState.QUEUED)) == []
    assert _chosen(database, JobFilter(labels={"team": "south"})) == []


def test_code_finds_what_a_job_waits_for(database: Database, two: tuple[str, str]) -> None:
    set_job(database, two[0], waiting_code="key_refused")
    assert _chosen(database, JobFilter(code="key_refused")) == [two[0]]


def test_recording_chooses_its_jobs(database: Database, two: tuple[str, str]) -> None:
    with database.reading() as session:
        recording_id = session.scalars(select(Job.recording_id).where(Job.id == two[0])).one()
    assert _chosen(database, JobFilter(recording=recording_id)) == [two[0]]
