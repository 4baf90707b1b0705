"""The process itself: health, readiness, metrics, services, and what leaves it when something is wrong."""

import time
from pathlib import Path

import httpx
import pytest
import redis
from structlog.testing import capture_logs

import migrations
from api.app import make_app
from realtime.protocol.errors import KeyRefused
from tests.fixtures.doors import House, opened, serving, settings_for, sound
from worker import breakers, workers
from worker.processes.wake_ups import UNDECODABLE
from worker.shapes.services import Service

NOBODY = "postgresql+psycopg://127.0.0.1:1/none?connect_timeout=2"


def test_a_process_that_answers_is_healthy_and_says_what_it_counts(either_house: House) -> None:
    assert either_house.client.get("/healthz").json() == {"status": "ok"}
    metrics = either_house.client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert 'longhand_jobs{state="queued"} 0.0' in metrics.text


def test_it_is_ready_once_the_schema_is_the_newest(empty_database_url: str, tmp_path: Path) -> None:
    with opened(settings_for(empty_database_url, tmp_path)) as house:
        early = house.client.get("/readyz")
        assert (early.status_code, early.json()["code"]) == (503, "database_unavailable")
        assert "longhand migrate" in early.json()["detail"]
        migrations.upgrade(empty_database_url)
        assert house.client.get("/readyz").json() == {"status": "ready", "dispatcher_s": None}
        workers.note_round(house.database, "d1")
        assert 0 <= house.client.get("/readyz").json()["dispatcher_s"] < 60


def test_an_application_without_a_redis_wakes_nobody_and_says_so_once(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.app.Waker", None)  # any use of Celery would fail
    with capture_logs() as logs:
        app = make_app(settings_for(sqlite_url, tmp_path), no_keys=True)
        with serving(app) as url, httpx.Client(base_url=url, trust_env=False) as client:
            for number in range(2):
                assert client.post("/v1/jobs", files={"file": ("a.wav", sound(number))}).status_code == 202
    assert [line["log_level"] for line in logs if "LONGHAND_REDIS_URL" in line["event"]] == ["warning"]


def test_messages_that_workers_threw_away_are_counted_where_there_is_a_redis(
    sqlite_url: str, tmp_path: Path, redis_url: str
) -> None:
    with redis.Redis.from_url(redis_url) as counted:
        counted.incr(UNDECODABLE, 3)
    app = make_app(settings_for(sqlite_url, tmp_path, redis_url=redis_url), no_keys=True)
    with serving(app) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert "\nlonghand_undecodable_messages_total 3.0\n" in client.get("/metrics").text


def test_services_say_what_they_are_doing(house: House) -> None:
    breakers.service_trouble(house.database, "intl", KeyRefused())
    items = [Service.model_validate(item) for item in house.client.get("/v1/service").json()["items"]]
    assert {item.name: item.state for item in items} == {"local": "open", "intl": "refused", "cn": "open"}


def test_a_database_that_is_away_is_said_so_and_may_come_back(tmp_path: Path) -> None:
    with opened(settings_for(NOBODY, tmp_path)) as house:
        assert house.client.get("/healthz").status_code == 200
        for response in (house.client.get("/v1/jobs"), house.client.get("/readyz"), house.upload()):
            assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
            assert response.json()["retryable"]
            assert response.headers["retry-after"]
            assert "psycopg" not in response.text


def test_a_defect_leaves_nothing_of_itself_but_that_there_was_one(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_lane: object) -> None:
        raise ZeroDivisionError("a secret of ours")

    object.__setattr__(house.app.state.deps, "wake", broken)
    response = house.upload()
    assert (response.status_code, response.json()["code"]) == (500, "unexpected_error")
    assert "secret" not in response.text
    while "ZeroDivisionError" not in caplog.text:  # the server writes its trace after the answer
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("method", "path", "status", "expected"),
    [("GET", "/v2/jobs", 404, "route_unknown"), ("DELETE", "/v1/jobs", 405, "method_not_allowed")],
)
def test_what_the_framework_refuses_is_a_problem_too(
    closed_house: House, method: str, path: str, status: int, expected: str
) -> None:
    response = closed_house.client.request(method, path)
    assert (response.status_code, response.json()["code"]) == (status, expected)
    assert response.headers["content-type"] == "application/problem+json"


def test_the_description_names_every_route(closed_house: House) -> None:
    paths = closed_house.client.get("/openapi.json").json()["paths"]
    assert set(paths) == {
        "/v1/jobs",
        "/v1/jobs/cancel",
        "/v1/jobs/retry",
        "/v1/jobs/{job_id}",
        "/v1/jobs/{job_id}/cancel",
        "/v1/jobs/{job_id}/retry",
        "/v1/jobs/{job_id}/transcript",
        "/v1/batches",
        "/v1/batches/{batch_id}",
        "/v1/recordings",
        "/v1/recordings/{recording_id}",
        "/v1/recordings/{recording_id}/transcripts",
        "/v1/recordings/{recording_id}/current",
        "/v1/transcripts/{transcript_id}",
        "/v1/transcripts/{transcript_id}/comparison",
        "/v1/archives",
        "/v1/archives/{name}",
        "/v1/budgets",
        "/v1/budgets/{period}",
        "/v1/campaigns",
        "/v1/campaigns/{campaign}",
        "/v1/campaigns/{campaign}/comparison",
        "/v1/campaigns/{campaign}/recordings",
        "/v1/campaigns/{campaign}/votes",
        "/v1/campaigns/{campaign}/votes/next",
        *(
            f"/v1/campaigns/{{campaign}}/{verb}"
            for verb in ("start", "pause", "resume", "cancel", "promote", "rollback")
        ),
        "/v1/results",
        "/v1/search",
        "/v1/estimate",
        "/v1/archives/{name}/imports",
        "/v1/archives/{name}/recordings",
        "/v1/archives/{name}/source",
        "/v1/archives/{name}/sync",
        "/v1/imports/{import_id}",
        "/v1/imports/{import_id}/cancel",
        "/v1/imports/{import_id}/problems",
        "/v1/usage",
        "/v1/service",
        "/healthz",
        "/readyz",
        "/metrics",
    }
    assert "file" in paths["/v1/jobs"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]


def test_every_error_is_described_as_a_problem(closed_house: House) -> None:
    described = closed_house.client.get("/openapi.json").json()
    responses = [
        (status, response["content"])
        for path in described["paths"].values()
        for operation in path.values()
        for status, response in operation["responses"].items()
        if status == "default" or status >= "400"
    ]
    assert {tuple(content) for _, content in responses} == {("application/problem+json",)}
    assert "HTTPValidationError" not in described["components"]["schemas"]
