"""A key's work is done once and answered the same, whatever is killed in between."""

import pytest
from sqlalchemy import func, select, update

from tests.fixtures.rows import SPEC, new_recording
from worker.database import Database
from worker.errors import IdempotencyInFlight, IdempotencyMismatch
from worker.models import IdempotencyKey, Job
from worker.queue import idempotency, submission

PRINT = "f" * 64


def _post(database: Database, key: str = "k1", fingerprint: str = PRINT, *, killed: bool = False) -> dict[str, object]:
    """What a door does: begin, submit, complete, commit; or be killed before the commit."""
    with database.writing() as session:
        replay = idempotency.begin(session, key, fingerprint)
        if replay is not None:
            return replay.response
        job_id = submission.submit(session, new_recording(), SPEC).job_id
        response: dict[str, object] = {"id": job_id}
        idempotency.complete(session, key, fingerprint, status=202, response=response)
        if not killed:
            session.commit()
    return response


def _count(database: Database) -> int | None:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Job))


def test_same_request_gets_the_same_answer_and_one_job(database: Database) -> None:
    assert _post(database) == _post(database)
    assert _count(database) == 1


def test_replay_has_the_first_status(database: Database) -> None:
    response = _post(database)
    with database.writing() as session:
        assert idempotency.begin(session, "k1", PRINT) == idempotency.Replay(202, response)


def test_another_request_under_the_key_is_refused(database: Database) -> None:
    _post(database)
    with pytest.raises(IdempotencyMismatch):
        _post(database, fingerprint="e" * 64)


def test_request_that_was_killed_leaves_nothing_and_blocks_nobody(database: Database) -> None:
    _post(database, killed=True)
    assert _count(database) == 0
    _post(database)
    assert _count(database) == 1


def test_second_request_is_told_to_come_again_while_the_first_is_open(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with database.writing() as first, database.writing() as second:
        assert idempotency.begin(first, "k1", PRINT) is None
        with pytest.raises(IdempotencyInFlight):
            idempotency.begin(second, "k1", PRINT)
        assert idempotency.begin(second, "k2", PRINT) is None
    database.close()


def test_old_keys_are_forgotten(database: Database) -> None:
    _post(database, "old")
    with database.writing() as session:
        session.execute(update(IdempotencyKey).values(created_ms=1))
        session.commit()
    _post(database, "young")
    with database.writing() as session:
        idempotency.forget_old(session)
        assert list(session.scalars(select(IdempotencyKey.key))) == ["young"]
