"""Many submissions in a few statements come to what they would come to one by one."""

from dataclasses import replace

from sqlalchemy import event, func, select

from tests.fixtures.rows import SPEC, new_recording, read_job, submit
from worker.database import Database
from worker.models import Job, Recording
from worker.queue import submission
from worker.queue.job_rows import JobSubmission
from worker.queue.submission import Submission
from worker.shapes.times import Deadline


def submit_many(database: Database, *submissions: Submission) -> list[JobSubmission]:
    with database.writing() as session:
        submitted = submission.submit_many(session, submissions)
        session.commit()
    return submitted


def plain(number: int, archive: str = "tests") -> Submission:
    return Submission(recording=new_recording(number, archive=archive), spec=SPEC)


def test_jobs_are_made_in_the_order_that_they_were_asked_for(database: Database) -> None:
    numbers = [3, 1, 2]
    ids = [one.job_id for one in submit_many(database, *map(plain, numbers))]
    assert ids == sorted(ids)
    with database.reading() as session:
        sources = select(Recording.source).join(Job, Job.recording_id == Recording.id).order_by(Job.id)
        assert list(session.scalars(sources)) == ["3.wav", "1.wav", "2.wav"]


def test_what_is_there_and_what_is_asked_for_twice_is_found(database: Database) -> None:
    there = submit(database, 1)
    first, again, other, elsewhere, spec = submit_many(
        database, plain(1), plain(2), plain(2), plain(1, "other"), replace(plain(2), spec=replace(SPEC, language="de"))
    )
    assert first == JobSubmission(there, existing=True)
    assert other == JobSubmission(again.job_id, existing=True)
    assert [again.existing, elsewhere.existing, spec.existing] == [False, False, False]
    with database.reading() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (Recording, Job)]
    assert counts == [3, 4]


def test_fresh_ones_come_after_each_other(database: Database) -> None:
    fresh = replace(plain(1), fresh=True)
    made = submit_many(database, fresh, fresh, plain(1))
    assert [read_job(database, one.job_id).spec["revision"] for one in made[:2]] == [0, 1]
    assert made[2] == JobSubmission(made[1].job_id, existing=True)


def test_each_has_options_of_its_own(database: Database) -> None:
    rich = replace(plain(2), labels={"a": "b"}, external_id="x", deadline=Deadline(in_ms=60_000))
    first, second = (read_job(database, one.job_id) for one in submit_many(database, plain(1), rich))
    assert (first.labels, first.external_id, first.deadline_ms) == ({}, None, None)
    assert (second.labels, second.external_id) == ({"a": "b"}, "x")
    assert abs((second.deadline_ms or 0) - second.created_ms - 60_000) < 1000


def test_statements_do_not_grow_with_how_many_there_are(database: Database) -> None:
    assert statements(database, range(2)) == statements(database, range(2, 200))


def statements(database: Database, numbers: range) -> int:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    submit_many(database, *map(plain, numbers))
    event.remove(database.engine, "before_cursor_execute", note)
    return len(seen)
