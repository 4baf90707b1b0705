"""Real threads on real databases: whoever comes at the same moment, a job is one job and has one holder."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from realtime.protocol.errors import KeyRefused
from tests.fixtures.rows import SPEC, claim, new_answer, new_recording, read_job, set_job, submit
from tests.fixtures.threads import at_once
from worker import breakers
from worker.claims.claim import Claim, touch
from worker.database import Database
from worker.errors import IdempotencyInFlight, IllegalMove, LeaseLost
from worker.models import Job, Recording, ServiceState, Transcript
from worker.queue import idempotency, jobs, submission, sweep
from worker.queue.filters import JobFilter
from worker.queue.job_rows import JobSubmission
from worker.results import segments
from worker.split.spans import Span
from worker.states import JobState, Lane, Segmentation


def _count(database: Database, table: type[Job] | type[Recording] | type[Transcript]) -> int | None:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_eight_claimers_never_take_a_job_twice(database: Database) -> None:
    expected = {submit(database, number) for number in range(50)}

    def take_all(number: int) -> list[str]:
        taken = []
        while claimed := jobs.claim(database, Lane.NORMAL, f"w{number}", 60):
            taken.append(claimed.job_id)
        return taken

    taken = [job_id for one in at_once(8, take_all) for job_id in one]
    assert len(taken) == 50
    assert set(taken) == expected


def test_as_many_claimers_as_jobs_all_get_one(database: Database) -> None:
    expected = {submit(database, number) for number in range(8)}
    taken = at_once(8, lambda number: claim(database, worker=f"w{number}").job_id)
    assert set(taken) == expected


def test_equal_submissions_at_once_make_one_job(database: Database) -> None:
    def send(_number: int) -> JobSubmission:
        with database.writing() as session:
            submitted = submission.submit(session, new_recording(), SPEC)
            session.commit()
        return submitted

    sent = at_once(8, send)
    assert len({one.job_id for one in sent}) == 1
    assert [one.existing for one in sent].count(False) == 1
    assert (_count(database, Job), _count(database, Recording)) == (1, 1)


def test_equal_submissions_of_a_known_recording_make_one_job(database: Database) -> None:
    submit(database, spec=replace(SPEC, language="en"))
    sent = at_once(8, lambda _number: submit(database))
    assert len(set(sent)) == 1
    assert (_count(database, Job), _count(database, Recording)) == (2, 1)


def test_recording_is_never_worked_on_twice_under_one_key(database: Database) -> None:
    for number in range(3):
        for segmentation in Segmentation:
            with database.writing() as session:
                spec = replace(SPEC, segmentation=segmentation)
                submission.submit(session, new_recording(number), spec)
                session.commit()
    claims = at_once(6, lambda number: jobs.claim(database, Lane.NORMAL, f"w{number}", 60))
    taken = [one.recording_id for one in claims if one is not None]
    assert len(taken) == 3
    assert len(set(taken)) == 3


def test_the_same_bytes_in_several_archives_are_worked_on_once(database: Database) -> None:
    for archive in ("a", "b", "c"):
        with database.writing() as session:
            submission.submit(session, new_recording(archive=archive), SPEC)
            session.commit()
    claims = [one for one in at_once(6, lambda n: jobs.claim(database, Lane.NORMAL, f"w{n}", 60)) if one is not None]
    assert len(claims) == 1
    jobs.release(database, claims[0])
    assert len([one for one in at_once(6, lambda n: jobs.claim(database, Lane.NORMAL, f"w{n}", 60)) if one]) == 1


def test_one_key_in_many_requests_at_once_makes_one_job(database: Database) -> None:
    def post(_number: int) -> str | None:
        with database.writing() as session:
            try:
                replay = idempotency.begin(session, "k", "f" * 64)
            except IdempotencyInFlight:
                return None
            if replay is not None:
                return str(replay.response["id"])
            job_id = submission.submit(session, new_recording(), SPEC, fresh=True).job_id
            idempotency.complete(session, "k", "f" * 64, status=202, response={"id": job_id})
            session.commit()
        return job_id

    answers = set(at_once(8, post)) - {None}
    assert len(answers) == 1
    assert _count(database, Job) == 1


def test_one_of_many_probes(database: Database) -> None:
    breakers.service_trouble(database, "intl", KeyRefused())
    with database.writing() as session:
        session.execute(update(ServiceState).values(next_try_ms=1))
        session.commit()
    assert at_once(6, lambda _number: breakers.may_probe(database, "intl")).count(True) == 1


def test_open_write_and_the_sweep_come_one_after_the_other(database: Database) -> None:
    """The sweep finds the lease ended while a write is on its way: the write ends first, then comes a higher fence."""
    submit(database)
    claimed = claim(database)
    stored = segments.store_spans(database, claimed, [Span(0, 0, 1000)], channels=1, cut_ms=1000)
    set_job(database, claimed.job_id, lease_until_ms=1)
    with ThreadPoolExecutor(1) as pool, database.writing() as session:
        touch(session, claimed)
        sweeping = pool.submit(sweep.expire, database)
        session.commit()
        sweeping.result()
    sweep.expire(database)
    successor = claim(database, worker="w2")
    assert successor.fence == claimed.fence + 1
    with pytest.raises(LeaseLost):
        segments.answered(database, claimed, stored[0].id, new_answer(), sent_ms=1000)


def test_cancel_and_finish_at_once_have_one_winner(database: Database) -> None:
    for number in range(5):
        job_id = submit(database, number)
        claimed = claim(database)
        segments.complete_cut(database, claimed, 0)
        with ThreadPoolExecutor(2) as pool:
            finished = pool.submit(_finish, database, claimed)
            cancelled = pool.submit(_cancel, database, claimed)
        assert {finished.result(), cancelled.result()} == {True, False}
        assert read_job(database, job_id).status in {JobState.SUCCEEDED, JobState.CANCELLED}


def _finish(database: Database, claimed: Claim) -> bool:
    try:
        jobs.finish(database, claimed)
    except LeaseLost:
        return False
    return True


def _cancel(database: Database, claimed: Claim) -> bool:
    with database.writing() as session:
        try:
            jobs.cancel(session, claimed.job_id)
        except IllegalMove:
            return False
        session.commit()
    return True


def test_verbs_on_many_jobs_never_deadlock(database: Database) -> None:
    for number in range(20):
        submit(database, number)
    claims = [claim(database) for _ in range(10)]

    def act(number: int) -> None:
        for _ in range(10):
            (_renew_all, _cancel_all, _retry_all, _trouble)[number % 4](database, claims)

    at_once(8, act)
    assert _count(database, Job) == 20


def _renew_all(database: Database, claims: list[Claim]) -> None:
    jobs.renew(database, reversed(claims), 60)


def _cancel_all(database: Database, _claims: list[Claim]) -> None:
    with database.writing() as session:
        jobs.cancel_many(session, JobFilter())
        session.commit()


def _retry_all(database: Database, _claims: list[Claim]) -> None:
    with database.writing() as session:
        jobs.retry_many(session, JobFilter())
        session.commit()


def _trouble(database: Database, _claims: list[Claim]) -> None:
    breakers.service_trouble(database, "local", KeyRefused())
    breakers.service_recovered(database, "local")
