"""Buckets at the door: a stranger's URL moves nobody to look for keys, and asks no bucket that is not allowed."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tests.fixtures.doors import House, opened, settings_for
from worker.media import buckets

URL = "s3://calls/a.wav"


class Trap(BaseHTTPRequestHandler):
    """Stands where a machine of a cloud asks for its keys, and has none."""

    asked: ClassVar[list[str]] = []

    def do_PUT(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def do_GET(self) -> None:
        self.do_PUT()

    def log_message(self, *_arguments: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def trap(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was asked there, with no keys anywhere else."""
    Trap.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Trap)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "30")  # 1 s is little on a busy machine
    buckets._connected.cache_clear()
    yield Trap.asked
    buckets._connected.cache_clear()
    server.shutdown()
    thread.join()
    server.server_close()


def codes(house: House) -> list[tuple[int, str]]:
    """What each door says to the URL: a submission, a batch, a manifest, an import and a dry run of one."""
    client = house.client
    one = client.post("/v1/jobs", json={"url": URL})
    [item] = client.post("/v1/batches", json=[URL]).json()["items"]
    folder = {"folder": "s3://calls/2024"}
    listed = client.post("/v1/archives/radio/imports", json=folder)
    dry = client.post("/v1/archives/radio/imports", json=folder, params={"dry_run": "true"})
    told = [(answer.status_code, answer.json().get("code")) for answer in (one, listed, dry)]
    return [*told, (item["error"]["status"], item["error"]["code"])]


def test_a_bucket_that_is_not_allowed_is_refused_and_no_keys_are_looked_for(
    sqlite_url: str, tmp_path: Path, trap: list[str]
) -> None:
    with opened(settings_for(sqlite_url, tmp_path, s3_buckets="radio", s3_endpoint="http://127.0.0.1:9")) as house:
        assert codes(house) == [(400, "invalid_request")] * 4
        lines = {"Content-Type": "application/x-ndjson"}
        told = house.client.post("/v1/batches", content=json.dumps({"url": URL}).encode(), headers=lines).json()
        assert [problem["error"]["code"] for problem in told["problems"]] == ["invalid_request"]
        assert "LONGHAND_S3_BUCKETS" in told["problems"][0]["error"]["detail"]
    assert trap == []


def test_an_allowed_bucket_without_keys_is_the_requests_problem(
    sqlite_url: str, tmp_path: Path, trap: list[str]
) -> None:
    with opened(settings_for(sqlite_url, tmp_path, s3_buckets="calls", s3_endpoint="http://127.0.0.1:9")) as house:
        answer = house.client.post("/v1/jobs", json={"url": URL})
        assert (answer.status_code, answer.json()["code"]) == (400, "source_forbidden")
        assert "AWS_ACCESS_KEY_ID" in answer.json()["detail"]
        [item] = house.client.post("/v1/batches", json=[URL]).json()["items"]
        assert item["error"]["code"] == "source_forbidden"
    assert trap != []
