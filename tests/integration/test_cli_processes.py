"""One process each, as a supervisor starts them: the API going down or on a full disk, a dispatcher's own door."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.fixtures.doors import sound
from tests.fixtures.redis import free_port
from tests.fixtures.waiting import wait_for

FULL_BYTES = 4096  # no file of the process may grow beyond: what it writes fails as on a full disk
ANYTHING = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@contextmanager
def running(command: str, port: int, home: Path, *options: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """`longhand COMMAND --port PORT`, once it answers."""
    named = {f"LONGHAND_{name.upper()}": value for name, value in settings.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", command, "--port", str(port), *options],
        env={**os.environ, "LONGHAND_HOME": str(home), **named},
        stderr=subprocess.PIPE,
    )
    try:
        wait_for(lambda: answers(port) or process.poll() is not None)
        assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.communicate()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{free_port()}", trust_env=False, timeout=30) as made:
        yield made


def upload(client: httpx.Client, content: bytes, key: str) -> httpx.Response:
    return client.post("/v1/jobs", files={"file": ("a.wav", content)}, headers={"Idempotency-Key": key})


def test_a_held_poll_is_answered_when_the_api_goes_down(
    client: httpx.Client, sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    port = client.base_url.port or 0
    with (
        running("api", port, tmp_path, "--no-keys", database_url=sqlite_url, redis_url=redis_url) as api,
        ThreadPoolExecutor(1) as pool,
    ):
        job_id = upload(client, sound(), "k").json()["id"]
        poll = pool.submit(client.get, f"/v1/jobs/{job_id}", headers={"Prefer": "wait=60"})
        wait_for(poll.running)
        time.sleep(0.5)  # for the poll to be held
        api.send_signal(signal.SIGTERM)

        assert poll.result(timeout=30).json()["status"] == "queued"
        assert api.wait(30) in {0, -signal.SIGTERM}


def test_a_full_disk_is_503_and_what_was_refused_is_taken_when_there_is_room(
    client: httpx.Client, sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    port = client.base_url.port or 0
    with running("api", port, tmp_path, "--no-keys", database_url=sqlite_url, redis_url=redis_url) as api:
        media = tmp_path / "media"
        assert client.post("/v1/batches", json={}).status_code == 202  # the database's own files are there
        resource.prlimit(api.pid, resource.RLIMIT_FSIZE, (FULL_BYTES, resource.RLIM_INFINITY))
        too_much = upload(client, sound(frames=20_000), "k1")
        unwritten = client.post("/v1/batches", json={}, headers={"Idempotency-Key": "k2"})

        assert (too_much.status_code, too_much.json()["code"]) == (503, "storage_failed")
        assert (unwritten.status_code, unwritten.json()["code"]) == (503, "database_unavailable")
        assert too_much.headers["retry-after"]
        assert unwritten.headers["retry-after"]
        assert [path for path in media.rglob("*") if path.is_file()] == []
        assert client.get("/v1/jobs").json()["items"] == []

        resource.prlimit(api.pid, resource.RLIMIT_FSIZE, ANYTHING)
        assert upload(client, sound(frames=20_000), "k1").status_code == 202
        assert client.post("/v1/batches", json={}, headers={"Idempotency-Key": "k2"}).status_code == 202


def test_a_dispatcher_says_at_its_own_door_that_it_does_its_rounds(
    client: httpx.Client, sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    port = client.base_url.port or 0
    with running("dispatcher", port, tmp_path, database_url=sqlite_url, redis_url=redis_url) as dispatcher:
        wait_for(lambda: client.get("/readyz").status_code == 200)
        dispatcher.send_signal(signal.SIGTERM)

        assert dispatcher.wait(30) == 0


def test_the_local_service_keeps_the_limits_of_its_options(tmp_path: Path) -> None:
    port = free_port()
    url = f"ws://127.0.0.1:{port}/api-ws/v1/realtime"
    options = ("--engine", "scripted", "--max-sessions", "1", "--idle-s", "1")
    with running("recognizer", port, tmp_path, *options), connect(url) as only:
        with pytest.raises(InvalidStatus) as refused, connect(url):
            pass
        assert refused.value.response.status_code == 429
        assert "idle_timeout" in list(only)[-1]  # it hears nothing, and ends by itself
