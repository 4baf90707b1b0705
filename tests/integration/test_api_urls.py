"""Sources registered in place and batches of them, looked at over real HTTP on this machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.doors import MAX_UPLOAD_BYTES, House, opened, settings_for, sound
from worker.recordings import read_recording
from worker.shapes.jobs import SubmittedBatch
from worker.states import Lane


@dataclass
class Site:
    """A web server with one recording; its ETag and length can be changed."""

    url: str
    headers: dict[str, str] = field(default_factory=lambda: {"ETag": '"1"', "Content-Length": str(len(sound()))})
    asked: list[str] = field(default_factory=list)


@contextmanager
def website() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            self.send_response(200 if self.path.startswith("/calls/") else 404)
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  # the base class's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    with website() as made:
        yield made


@pytest.fixture
def open_house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """A door that may look at this machine."""
    with opened(settings_for(sqlite_url, tmp_path, allow_private_urls=True)) as made:
        yield made


def submit(house: House, url: str, **fields: object) -> Any:  # noqa: ANN401  # a response
    return house.client.post("/v1/jobs", json={"url": url, **fields})


def test_a_source_is_registered_without_its_bytes_and_shown_without_its_query(open_house: House, site: Site) -> None:
    response = submit(open_house, f"{site.url}/calls/1.wav?signature=secret", labels={"room": "1"})
    assert response.status_code == 202
    assert "secret" not in response.text
    assert response.json()["source"] == f"{site.url}/calls/1.wav"
    recording = read_recording(open_house.database, response.json()["recording"])
    assert (recording.digest, recording.media_key, recording.size_bytes) == (None, None, len(sound()))
    assert recording.source_url == f"{site.url}/calls/1.wav?signature=secret"
    assert "secret" not in recording.identity
    assert open_house.media() == []


def test_the_same_source_again_is_the_same_job_until_it_changes(open_house: House, site: Site) -> None:
    first, again = (submit(open_house, f"{site.url}/calls/1.wav") for _ in range(2))
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    site.headers["ETag"] = '"2"'
    changed = submit(open_house, f"{site.url}/calls/1.wav")
    assert changed.status_code == 202
    assert changed.json()["recording"] != first.json()["recording"]


def test_a_source_that_does_not_answer_is_registered_all_the_same(open_house: House) -> None:
    assert submit(open_house, "http://127.0.0.1:9/calls/1.wav").status_code == 202


def test_what_can_be_known_of_a_source_is_refused_at_once(open_house: House, site: Site) -> None:
    assert submit(open_house, f"{site.url}/nothing.wav").json()["code"] == "source_missing"
    site.headers["Content-Length"] = str(MAX_UPLOAD_BYTES + 1)
    response = submit(open_house, f"{site.url}/calls/1.wav")
    assert (response.status_code, response.json()["code"]) == (413, "upload_too_large")


def test_a_private_address_is_forbidden_and_never_asked(house: House, site: Site) -> None:
    response = submit(house, f"{site.url}/calls/1.wav")
    assert (response.status_code, response.json()["code"]) == (400, "source_forbidden")
    assert site.asked == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.example/x.wav", "http://", "a.wav", "http://a b/"])
def test_what_is_no_web_address_is_refused(closed_house: House, url: str) -> None:
    response = submit(closed_house, url)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")


def test_options_are_looked_at_before_the_source_is(open_house: House, site: Site) -> None:
    assert submit(open_house, f"{site.url}/calls/1.wav", language="klingon").json()["code"] == "unknown_language"
    assert site.asked == []


def test_one_bad_item_never_stops_a_batch(open_house: House, site: Site) -> None:
    items = [
        {"url": f"{site.url}/calls/1.wav", "lane": "bulk"},
        {"url": f"{site.url}/gone.wav"},
        {"url": f"{site.url}/calls/2.wav", "langage": "en"},
        17,
        f"{site.url}/calls/3.wav",
        {"url": f"{site.url}/calls/1.wav", "lane": "bulk"},
        {"url": f"{site.url}/calls/4.wav", "batch": "0" * 32},
    ]
    response = open_house.client.post("/v1/batches", json={"name": "monday", "items": items, "archive": "calls"})
    batch = SubmittedBatch.model_validate(response.json())
    assert response.status_code == 202
    assert response.headers["location"] == f"/v1/batches/{batch.id}"
    assert [item.number for item in batch.items] == [1, 2, 3, 4, 5, 6, 7]
    codes = [item.error.code if item.error else None for item in batch.items]
    assert codes == [None, "source_missing", *["invalid_request"] * 2, None, None, "invalid_request"]
    assert (batch.items[5].existing, batch.items[5].job) == (True, batch.items[0].job)
    assert (batch.name, batch.jobs, batch.counts["queued"]) == ("monday", 2, 2)
    assert set(open_house.woken) == {Lane.BULK, Lane.NORMAL}
    job = open_house.client.get(f"/v1/jobs/{batch.items[0].job}").json()
    assert (job["archive"], job["batch"]) == ("calls", batch.id)


def test_a_batch_can_be_a_bare_list_or_empty(open_house: House, site: Site) -> None:
    listed = open_house.client.post("/v1/batches", json=[f"{site.url}/calls/1.wav"]).json()
    assert listed["jobs"] == 1
    empty = open_house.client.post("/v1/batches")
    assert (empty.status_code, empty.json()["jobs"], empty.json()["items"]) == (202, 0, [])


@pytest.mark.parametrize(
    ("body", "named"),
    [(b"17", "list"), (b'{"items": 3}', "items"), (b'{"name": 3}', "name"), (b"[" + b"1," * 1000 + b"1]", "1000")],
)
def test_a_body_that_is_no_batch_is_refused(closed_house: House, body: bytes, named: str) -> None:
    response = closed_house.client.post("/v1/batches", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert named in response.json()["detail"]


def test_a_batch_that_is_not_there_is_a_problem(closed_house: House) -> None:
    response = closed_house.client.get("/v1/batches/nothing")
    assert (response.status_code, response.json()["code"]) == (404, "unknown_batch")
