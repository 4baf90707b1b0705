from datetime import UTC, datetime, timedelta

from api.cli.polling import ROUND, Follower, Refusals, first_refusal, refusal_line
from api.client import Client
from tests.fixtures import answers
from tests.fixtures.stub_server import stub_server
from worker.shapes.jobs import Job


def job(job_id: str = "j1", status: str = "queued", service: str = "intl", **fields: object) -> Job:
    return answers.job(job_id, status, spec={**answers.SPEC, "service": service}, **fields)


def waiting(code: str, message: str = "", next_try_at: str | None = None) -> dict[str, str | None]:
    return {**answers.WAITING, "code": code, "message": message, "next_try_at": next_try_at}


def test_running_jobs_are_looked_at_each_round_and_waiting_ones_in_turn() -> None:
    jobs = [job("r", "running"), *(job(f"w{n:03}") for n in range(2 * ROUND))]
    with (
        stub_server({f"/v1/jobs/{one.id}": [(200, one.as_json())] for one in jobs}) as stub,
        Client(stub.url) as client,
    ):
        follower = Follower(client)
        for one in jobs:
            follower.add(one)
        rounds = [[one.id for one in follower.look()] for _ in range(3)]
    assert all("r" in seen and len(seen) == ROUND for seen in rounds)
    assert {job_id for seen in rounds for job_id in seen} == {one.id for one in jobs}


def test_an_ended_job_is_given_once_and_followed_no_further() -> None:
    with stub_server({"/v1/jobs/j1": [(200, job(status="succeeded").as_json())]}) as stub, Client(stub.url) as client:
        follower = Follower(client)
        follower.add(job())
        assert [one.status for one in follower.look()] == ["succeeded"]
        assert not follower.open
        assert follower.look() == []


def test_a_refusal_is_found_among_jobs_that_merely_wait() -> None:
    refused = job("j2", waiting=waiting("bill_unpaid"))
    assert first_refusal([job(waiting=waiting("service_fault")), refused]) is refused
    assert first_refusal([job()]) is None


def test_a_refusal_says_what_the_service_said_and_which_setting_to_look_at_once() -> None:
    line = refusal_line(job(waiting=waiting("model_unknown", "There is no model x.")))
    assert line == "There is no model x. The service does not know the model: look at LONGHAND_MODEL."
    assert refusal_line(job(waiting=waiting("model_unknown", line))) == line


def test_a_key_that_the_local_service_refuses_names_its_own_setting() -> None:
    refused = job(service="local", waiting=waiting("key_refused"))
    assert "LONGHAND_RECOGNIZER_KEY" in refusal_line(refused)


NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


def refused_until(seconds: int) -> Job:
    at = (NOON + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
    return job(waiting=waiting("key_refused", next_try_at=at))


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_refusal_is_believed_when_it_lasts_and_no_probe_is_due() -> None:
    refusals, jobs = Refusals(), [refused_until(50)]
    assert refusals.lasting(jobs, NOON) is None
    assert refusals.lasting(jobs, after(2)) is None
    assert refusals.lasting(jobs, after(3)) is jobs[0]


def test_a_probe_that_is_due_is_waited_for_and_may_find_the_setting_mended() -> None:
    refusals = Refusals()
    assert refusals.lasting([refused_until(1)], NOON) is None
    assert refusals.lasting([refused_until(1)], after(5)) is None
    assert refusals.lasting([job()], after(6)) is None
    assert refusals.lasting([refused_until(60)], after(7)) is None


def test_a_clock_that_runs_ahead_does_not_make_anybody_wait_for_ever() -> None:
    refusals = Refusals()
    assert refusals.lasting([refused_until(-600)], NOON) is None
    assert refusals.lasting([refused_until(-600)], after(75)) is not None
