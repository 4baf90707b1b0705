"""Sessions that roll back by default, and the database's own clock."""

import threading
import time

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from tests.fixtures.rows import new_recording, submit
from tests.fixtures.waiting import wait_for
from worker.database import DATABASE_AWAY, Database, now_ms
from worker.errors import ConfigurationError
from worker.models import Batch, Job, Segment
from worker.recordings import find_or_add


def test_leaving_without_commit_rolls_back(database: Database) -> None:
    with database.writing() as session:
        session.add(Batch(id="b", name=None, created_ms=0))
        session.flush()
    with database.reading() as session:
        assert session.get(Batch, "b") is None


def test_clock_is_the_databases_in_milliseconds(database: Database) -> None:
    with database.reading() as session:
        told = session.scalar(select(now_ms()))
    assert told == pytest.approx(time.time() * 1000, abs=2000)


def test_clock_goes_on_within_a_transaction(database: Database) -> None:
    with database.reading() as session:
        first = session.scalar(select(now_ms()))
        wait_for(lambda: session.scalar(select(now_ms())) != first, each_s=0)


def test_writers_wait_for_one_another_and_lose_nothing(database: Database) -> None:
    submit(database)

    def raise_priority() -> None:
        for _ in range(10):
            with database.writing() as session:
                job = session.scalars(select(Job).with_for_update()).one()
                job.priority += 1
                session.commit()

    threads = [threading.Thread(target=raise_priority) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.scalars(select(Job.priority)).one() == 40


def test_reader_waits_for_no_writer(database: Database) -> None:
    with database.writing() as writer:
        find_or_add(writer, [new_recording()])
        with database.reading() as reader:
            assert reader.scalar(select(Job.id)) is None


def test_references_must_exist(database: Database) -> None:
    with database.writing() as session, pytest.raises(IntegrityError):
        session.execute(insert(Segment).values(job_id="nothing", channel=0, start_ms=0, end_ms=1, state="", fence=0))


def test_error_of_a_statement_shows_none_of_its_values(database: Database) -> None:
    values = {"id": "b", "name": "https://example.org/a.wav?signature=secret", "created_ms": 0}
    with database.writing() as session:
        session.execute(insert(Batch).values(values))
        with pytest.raises(IntegrityError) as caught:
            session.execute(insert(Batch).values(values))
    assert "signature" not in str(caught.value)


@pytest.mark.parametrize("url", ["nonsense", "no_such_dialect://host/name"])
def test_a_url_that_is_none_names_the_setting(url: str) -> None:
    with pytest.raises(ConfigurationError, match="LONGHAND_DATABASE_URL"):
        Database(url)


def test_a_transaction_that_says_nothing_does_not_hold_its_rows_for_ever(postgresql_url: str) -> None:
    frozen, other = (Database(postgresql_url, silent_transaction_ms=200) for _ in range(2))
    submit(other)
    with frozen.writing() as session:
        session.scalars(select(Job).with_for_update()).one()
        with other.writing() as successor:  # waits for the lock until the server ends the silent transaction
            successor.scalars(select(Job).with_for_update()).one()
        with pytest.raises(DATABASE_AWAY):
            session.commit()
    frozen.close()
    other.close()
