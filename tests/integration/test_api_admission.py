"""No page has power here: requests as web pages send them, each to the running door."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fixtures.doors import House, opened, settings_for, sound
from tests.fixtures.finished_jobs import finished
from tests.fixtures.rows import add_campaign

FILTER = '{"status": "queued"}'
TEXT = {"Content-Type": "text/plain"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAGE = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
WRITES = ("POST", "PUT", "PATCH", "DELETE")
# Bodies that a page may send to any server, and is asked nothing.
UNASKED: list[dict[str, Any]] = [
    {"headers": TEXT},
    {"headers": {"Content-Type": "Text/Plain; charset=application/json"}},
    {"headers": FORM},
    {"headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    {"headers": {}},
    {"headers": [("Content-Type", "application/json"), ("Content-Type", "text/plain")]},
    {"headers": {"Content-Type": ""}},
]


def codes(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize(
    "request_of_a_page",
    [
        {"method": "POST", "url": "/v1/jobs/cancel", "content": FILTER, "headers": {**TEXT, **PAGE}},
        {"method": "POST", "url": "/v1/jobs", "files": {"file": ("a.wav", sound(1))}, "headers": PAGE},
        {"method": "POST", "url": "/v1/jobs", "json": {"url": "http://a.example/b.wav"}, "headers": PAGE},
        {"method": "POST", "url": "/v1/batches", "content": '["http://a.example/b.wav"]', "headers": {**TEXT, **PAGE}},
        {"method": "POST", "url": "/v1/jobs/{id}/cancel", "headers": PAGE},
        {"method": "PUT", "url": "/v1/budgets/all", "json": {"limit_ms": 1}, "headers": PAGE},
        {"method": "GET", "url": "/v1/jobs", "headers": PAGE},
        {"method": "GET", "url": "/v1/jobs", "headers": {"Origin": "null"}},
        {"method": "GET", "url": "/v1/jobs", "headers": {"Sec-Fetch-Site": "same-site"}},
        {"method": "OPTIONS", "url": "/v1/jobs", "headers": {**PAGE, "Access-Control-Request-Method": "PUT"}},
    ],
    ids=lambda asked: f"{asked['method']} {asked['url']}",
)
def test_the_page_of_another_origin_is_refused_and_changes_nothing(
    house: House, request_of_a_page: dict[str, Any]
) -> None:
    job = house.job()
    asked = {**request_of_a_page, "url": request_of_a_page["url"].format(id=job)}
    assert codes(house.client.request(**asked)) == (403, "foreign_origin")
    jobs = house.client.get("/v1/jobs").json()["items"]
    assert [(one["id"], one["status"]) for one in jobs] == [(job, "queued")]


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_a_name_that_was_moved_here_is_not_the_servers(closed_house: House, method: str) -> None:
    own_page = {"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}
    for headers in ({"Host": "evil.example"}, own_page):
        assert codes(closed_house.client.request(method, "/v1/jobs", headers=headers)) == (421, "host_unknown")


def test_the_servers_own_page_and_programs_come_in(house: House) -> None:
    own = {"Origin": str(house.client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    house.job(headers=own)
    assert house.client.get("/v1/jobs", headers=own).status_code == 200
    assert house.client.post("/v1/jobs/cancel", json={"status": "queued"}, headers=own).json() == {"jobs": 1}


def test_probes_come_by_address_and_a_name_that_was_added_to_every_route(
    house: House, sqlite_url: str, tmp_path: Path
) -> None:
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/metrics", 421)):
        assert house.client.get(path, headers={"Host": "192.0.2.7:8080"}).status_code == status
    with opened(settings_for(sqlite_url, tmp_path, allowed_hosts="longhand.example")) as named:
        assert named.client.get("/v1/jobs", headers={"Host": "longhand.example"}).status_code == 200
        assert named.client.get("/v1/jobs", headers={"Host": "evil.example"}).status_code == 421


def writing_routes(house: House) -> Iterator[tuple[str, str, set[str]]]:
    """Method and path of each, with the types of its body that are documented; made up where a path has parameters."""
    for path, operations in house.client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            if method.upper() in WRITES:
                content = operation.get("requestBody", {}).get("content", {"application/json": {}})
                yield method.upper(), re.sub(r"\{\w+\}", "none", path), set(content)


def test_no_route_takes_a_body_that_a_page_may_send_unasked(closed_house: House) -> None:
    routes = list(writing_routes(closed_house))
    assert len(routes) > 25
    taken = []
    for method, path, documented in routes:
        for body in UNASKED:
            if "multipart/form-data" in documented and "multipart" in str(body):
                continue  # a file: for a page of another origin it is refused by that
            response = closed_house.client.request(method, path, content=b'{"status": "queued"}', **body)
            if codes(response) != (415, "media_type_unsupported"):
                taken.append((method, path, body, response.status_code))
        assert not documented & {"text/plain", "application/x-www-form-urlencoded", "*/*"}
    assert taken == []


def test_a_body_in_pieces_has_a_type_too_and_none_at_all_needs_none(house: House) -> None:
    pieces = iter([FILTER.encode()])
    assert house.client.post("/v1/jobs/cancel", content=pieces, headers=TEXT).status_code == 415
    told = house.client.post(
        "/v1/jobs/cancel", content=FILTER, headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert told.json() == {"jobs": 0}
    job = house.job()
    assert house.client.post(f"/v1/jobs/{job}/cancel").status_code == 200


def test_what_is_refused_says_what_the_route_takes(closed_house: House) -> None:
    told = closed_house.client.post("/v1/batches", content="x", headers=TEXT).json()["detail"]
    for name in ("text/plain", "application/json", "application/x-ndjson", "text/csv"):
        assert name in told


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("OPTIONS", "/v1/jobs", "GET, POST"),
        ("DELETE", "/v1/jobs", "GET, POST"),
        ("POST", "/v1/recordings/none", "GET, PATCH"),
        ("POST", "/v1/archives/radio", "GET, PUT"),
        ("GET", "/v1/budgets/all", "PUT, DELETE"),
        ("PATCH", "/v1/archives/radio/source", "PUT, DELETE"),
        ("OPTIONS", "/healthz", "GET"),
    ],
)
def test_a_method_that_is_not_there_is_told_all_that_are(
    closed_house: House, method: str, path: str, allow: str
) -> None:
    response = closed_house.client.request(method, path)
    assert (response.status_code, response.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize("path", ["/v1/jobs/", "/healthz/", "/v1//jobs"])
def test_nobody_is_sent_to_another_address(closed_house: House, path: str) -> None:
    response = closed_house.client.get(path)
    assert codes(response) == (404, "route_unknown")
    assert "location" not in response.headers


def test_all_that_is_answered_is_sealed_and_lets_no_other_origin_in(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_lane: object) -> None:
        raise ZeroDivisionError

    client = house.client
    answers = [
        client.get("/v1/jobs"),
        client.get("/nothing"),
        client.request("OPTIONS", "/v1/jobs"),
        client.get("/v1/jobs", headers=PAGE),
        client.get("/v1/jobs", headers={"Host": "evil.example"}),
        client.get("/openapi.json"),
        client.get("/metrics"),
    ]
    object.__setattr__(house.app.state.deps, "wake", broken)
    answers.append(house.upload())
    assert [answer.status_code for answer in answers] == [200, 404, 405, 403, 421, 200, 200, 500]
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_page_of_a_comparison_sends_nothing_and_is_embedded_nowhere(house: House) -> None:
    add_campaign(house.database)
    response = house.client.get("/v1/campaigns/c1/comparison", params={"format": "html"})
    policy = {part.strip() for part in response.headers["Content-Security-Policy"].split(";")}
    sealed = {f"{what} 'none'" for what in ("default-src", "base-uri", "form-action", "frame-ancestors")}
    assert policy == {*sealed, "style-src 'unsafe-inline'"}


def test_plain_text_is_brought_as_bytes(house: House) -> None:
    url = f"/v1/recordings/{finished(house.database).recording_id}/transcripts"
    assert house.client.post(f"{url}?format=txt", content=b"words", headers=TEXT).status_code == 415
    brought = house.client.post(
        f"{url}?format=txt", content=b"words", headers={"Content-Type": "application/octet-stream"}
    )
    assert brought.status_code == 201
