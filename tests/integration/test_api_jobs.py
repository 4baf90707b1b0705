"""Looking at jobs, waiting for them, cancelling and retrying them over HTTP."""

import threading
import time
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from api.routes import jobs as routes
from tests.fixtures.doors import House, sound
from tests.fixtures.rows import claim
from worker.errors import DamagedAudio, StorageFailed
from worker.models import Job as JobRow
from worker.queue import jobs, sweep
from worker.queue.filters import JobFilter
from worker.shapes.jobs import Job
from worker.states import Lane


def cancel_soon(house: House, job_id: str, after_s: float) -> threading.Timer:
    timer = threading.Timer(after_s, lambda: house.client.post(f"/v1/jobs/{job_id}/cancel"))
    timer.start()
    return timer


def test_a_job_has_the_keys_of_the_published_shape_in_their_order(house: House) -> None:
    view = house.client.get(f"/v1/jobs/{house.job()}").json()
    Job.model_validate(view)


def test_a_job_that_is_not_there_is_a_problem(closed_house: House) -> None:
    response = closed_house.client.get("/v1/jobs/nothing")
    assert (response.status_code, response.json()["code"]) == (404, "unknown_job")


def test_jobs_are_listed_page_by_page_newest_first(either_house: House) -> None:
    ids = [either_house.job(content=sound(number)) for number in range(3)]
    first = either_house.client.get("/v1/jobs", params={"limit": 2}).json()
    rest = either_house.client.get("/v1/jobs", params={"limit": 2, "cursor": first["next"]}).json()
    assert [job["id"] for job in [*first["items"], *rest["items"]]] == ids[::-1]
    assert rest["next"] is None


def test_filters_narrow_a_list(either_house: House) -> None:
    batch = either_house.client.post("/v1/batches").json()["id"]
    one = either_house.job(content=sound(1), data={"archive": "a", "labels": "room=1,day=mo", "external_id": "x"})
    two = either_house.job(content=sound(2), data={"archive": "b", "labels": "room=1", "batch": batch})
    either_house.client.post(f"/v1/jobs/{two}/cancel")
    jobs.fail(either_house.database, claim(either_house.database), DamagedAudio(), "decode")
    for query, expected in (
        ("archive=a", [one]),
        ("status=cancelled", [two]),
        (f"batch={batch}", [two]),
        ("code=damaged_audio", [one]),
        ("external_id=x", [one]),
        ("label=room=1", [two, one]),
        ("label=room=1&label=day=mo", [one]),
        ("archive=a&status=cancelled", []),
    ):
        found = either_house.client.get(f"/v1/jobs?{query}").json()["items"]
        assert [job["id"] for job in found] == expected, query


@pytest.mark.parametrize("query", ["status=done", "limit=0", "limit=many", "cursor=xyz", "label=room", "label==1"])
def test_a_wrong_query_is_named(closed_house: House, query: str) -> None:
    response = closed_house.client.get(f"/v1/jobs?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert query.partition("=")[0] in response.json()["detail"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/jobs?archve=may", "'archve'. Did you mean archive?"),
        ("/v1/jobs/nothing?format=srt", "'format'. Known are: none."),
        ("/v1/jobs/nothing/transcript?fromat=srt", "'fromat'. Did you mean format?"),
    ],
)
def test_a_misspelt_query_is_refused_and_not_passed_over(closed_house: House, path: str, said: str) -> None:
    response = closed_house.client.get(path)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert said in response.json()["detail"]


def test_an_etag_holds_until_something_changes(either_house: House) -> None:
    url = f"/v1/jobs/{either_house.job()}"
    tag = either_house.client.get(url).headers["etag"]
    same = either_house.client.get(url, headers={"If-None-Match": tag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    either_house.client.post(f"{url}/cancel")
    changed = either_house.client.get(url, headers={"If-None-Match": tag})
    assert changed.json()["status"] == "cancelled"
    assert changed.headers["etag"] != tag


def test_a_poll_that_waits_is_answered_when_the_job_changes(either_house: House) -> None:
    job_id = either_house.job()
    timer = cancel_soon(either_house, job_id, 0.3)
    response = either_house.client.get(f"/v1/jobs/{job_id}", headers={"Prefer": "wait=20"}, timeout=25)
    timer.join()
    assert response.json()["status"] == "cancelled"
    assert response.headers["preference-applied"] == "wait=20"


def test_a_poll_that_waits_has_an_end(house: House) -> None:
    url = f"/v1/jobs/{house.job()}"
    tag = house.client.get(url).headers["etag"]
    response = house.client.get(url, headers={"Prefer": "wait=1", "If-None-Match": tag})
    assert response.status_code == 304


def test_what_changed_before_the_poll_is_answered_at_once(house: House) -> None:
    url = f"/v1/jobs/{house.job()}"
    tag = house.client.get(url).headers["etag"]
    house.client.post(f"{url}/cancel")
    for headers in ({"Prefer": "wait=50", "If-None-Match": tag}, {"Prefer": "wait=50"}):  # ended: nothing to wait for
        assert house.client.get(url, headers=headers, timeout=5).json()["status"] == "cancelled"


def test_many_polls_that_wait_leave_the_door_open(house: House) -> None:
    job_id = house.job()
    client = httpx.Client(base_url=house.client.base_url, limits=httpx.Limits(max_connections=None), timeout=40)
    ended: list[str] = []

    def poll() -> None:
        ended.append(client.get(f"/v1/jobs/{job_id}", headers={"Prefer": "wait=30"}).json()["status"])

    threads = [threading.Thread(target=poll) for _ in range(60)]  # more than the threads that answer requests
    for thread in threads:
        thread.start()
    while house.app.state.deps.holds.held < len(threads):
        time.sleep(0.01)
    assert house.client.post(f"/v1/jobs/{job_id}/cancel", timeout=5).status_code == 200
    for thread in threads:
        thread.join()
    client.close()
    assert ended == ["cancelled"] * len(threads)


def test_a_job_is_cancelled_once_and_retried_once(either_house: House) -> None:
    job_id = either_house.job(data={"lane": "bulk"})
    for verb, status in (("cancel", "cancelled"), ("retry", "queued")):
        done = either_house.client.post(f"/v1/jobs/{job_id}/{verb}")
        assert (done.status_code, done.json()["status"]) == (200, status)
        again = either_house.client.post(f"/v1/jobs/{job_id}/{verb}")
        assert (again.status_code, again.json()["code"]) == (409, "illegal_move")
    assert either_house.woken == [Lane.BULK, Lane.BULK]


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_a_verb_on_a_job_that_is_not_there_is_a_problem(closed_house: House, verb: str) -> None:
    assert closed_house.client.post(f"/v1/jobs/nothing/{verb}").json()["code"] == "unknown_job"


def test_many_jobs_are_cancelled_and_retried_by_a_filter(either_house: House) -> None:
    for number, room in enumerate("aab"):
        either_house.job(content=sound(number), data={"labels": f"room={room}"})
    for verb in ("cancel", "retry"):
        body = {"labels": {"room": "a"}}
        assert either_house.client.post(f"/v1/jobs/{verb}", json=body).json() == {"jobs": 2}
        assert either_house.client.post(f"/v1/jobs/{verb}", json=body).json() == {"jobs": 0}


@pytest.mark.parametrize("verb", ["cancel", "retry"])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"labels": {}}', b'{"stauts": "queued"}', b"[]", b'{"status": "x"}'])
def test_a_verb_without_a_proper_filter_touches_nothing(house: House, verb: str, body: bytes) -> None:
    job_id = house.job()
    response = house.client.post(f"/v1/jobs/{verb}", content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert house.client.get(f"/v1/jobs/{job_id}").json()["status"] == "queued"


def test_a_job_shows_its_deadline_and_fails_when_it_is_still_queued_then(either_house: House) -> None:
    job_id = either_house.job(data={"deadline": "3600"})
    view = either_house.client.get(f"/v1/jobs/{job_id}").json()
    assert view["deadline"] > view["created_at"]
    past = either_house.job(content=sound(1), data={"deadline": "2001-01-01T00:00:00Z"})
    sweep.fail_overdue(either_house.database)
    error = either_house.client.get(f"/v1/jobs/{past}").json()["error"]
    assert (error["code"], error["stage"], error["retryable"]) == ("deadline_exceeded", "queue", False)


def test_a_retry_with_another_option_is_a_new_job(either_house: House) -> None:
    old = either_house.job()
    jobs.fail(either_house.database, claim(either_house.database), DamagedAudio(), "decode")
    path = f"/v1/jobs/{old}/retry"
    made = either_house.client.post(path, json={"context": "Ada", "lane": "bulk"})
    assert made.status_code == 202
    job = made.json()
    assert made.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["retry_of"], job["spec"]["context"], job["spec"]["lane"]) == (old, "Ada", "bulk")
    assert either_house.woken[-1] == Lane.BULK
    plain = either_house.client.post(path)
    assert (plain.status_code, plain.json()["id"], plain.json()["status"]) == (200, old, "queued")
    jobs.fail(either_house.database, claim(either_house.database), DamagedAudio(), "decode")
    again = either_house.client.post(path, json={"context": "Ada", "lane": "bulk"})
    assert (again.status_code, again.json()["id"]) == (200, job["id"])


@pytest.mark.parametrize(
    ("body", "named"),
    [({"colour": 1}, "colour"), ({"language": "xx"}, "xx"), ([], "object"), ({"service": "nowhere"}, "nowhere")],
)
def test_options_of_a_retry_are_checked(house: House, body: object, named: str) -> None:
    job_id = house.job()
    response = house.client.post(f"/v1/jobs/{job_id}/retry", json=body)
    assert response.status_code == 400
    assert named in response.json()["detail"]


def test_a_retry_needs_no_service_that_is_still_configured(house: House) -> None:
    job_id = house.job()
    spec = house.client.get(f"/v1/jobs/{job_id}").json()["spec"]
    with house.database.writing() as session:
        session.execute(update(JobRow).values(spec={**spec, "service": "gone"}))
        jobs.cancel(session, job_id)
        session.commit()
    response = house.client.post(f"/v1/jobs/{job_id}/retry")
    assert (response.status_code, response.json()["status"]) == (200, "queued")


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_very_many_jobs_are_changed_part_by_part_and_counted_exactly(
    either_house: House, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        either_house.job(content=sound(number))
    if verb == "retry":
        either_house.client.post("/v1/jobs/cancel", json={"archive": "default"})
    monkeypatch.setattr(routes, "PART", 2)
    body = {"archive": "default", "status": "queued" if verb == "cancel" else "cancelled"}
    for _ in range(2):  # the second is a replay
        answer = either_house.client.post(f"/v1/jobs/{verb}", json=body, headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.json()) == (200, {"jobs": 5})


def test_a_part_that_was_killed_is_gone_on_with_and_counted_once(
    either_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        either_house.job(content=sound(number))
    monkeypatch.setattr(routes, "PART", 2)
    request: dict[str, Any] = {"json": {"archive": "default"}, "headers": {"Idempotency-Key": "k"}}
    calls = iter([jobs.cancel_many, jobs.cancel_many, _killed])

    def killed_in_the_third(session: Session, chosen: JobFilter) -> int:
        return next(calls)(session, chosen)

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "cancel_many", killed_in_the_third)
        assert either_house.client.post("/v1/jobs/cancel", **request).status_code == 503
    late = either_house.job(content=sound(9))

    assert either_house.client.post("/v1/jobs/cancel", **request).json() == {"jobs": 5}
    assert either_house.client.get(f"/v1/jobs/{late}").json()["status"] == "queued"


def _killed(_session: Session, _chosen: JobFilter) -> int:
    raise StorageFailed
