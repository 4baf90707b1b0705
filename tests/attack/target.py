"""A running API as the rows of the table ask it: a process of its own, so that its end and its silence show."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import migrations
from tests.attack.assault import HUNG_S, Assault
from tests.fixtures.doors import sound
from tests.fixtures.redis import RedisServer, free_port
from tests.fixtures.waiting import wait_for

START_S = 60.0
# The server has closed on a request whose body it did not want, or on a connection that was kept; or it hangs.
NO_ANSWER = (httpx.TimeoutException, httpx.RemoteProtocolError, httpx.WriteError, httpx.ReadError)
LISTS = (
    "/v1/jobs",
    "/v1/recordings",
    "/v1/archives",
    "/v1/campaigns",
    "/v1/budgets",
    "/v1/usage",
    "/v1/results?archive=calls",
    "/v1/search?q=hello",
    "/v1/archives/calls/imports",
)


@dataclass
class Api:
    """``ids`` are of things that are there, by the names that routes have for them."""

    port: int
    process: subprocess.Popen[bytes]
    client: httpx.Client
    home: Path
    log: Path
    ids: dict[str, list[str]]

    @property
    def died(self) -> bool:
        return self.process.poll() is not None

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-1500:]


@contextmanager
def api_process(assault: Assault, database_url: str = "", **settings: str) -> Iterator[Api]:
    """On a migrated database, by default a SQLite file, with a mounted folder `calls`; nobody has to bring a key."""
    home = assault.folder / "home"
    calls = assault.folder / "calls"
    calls.mkdir(parents=True)
    (calls / "a.wav").write_bytes(sound(3))
    home.mkdir(mode=0o700)
    url = database_url or f"sqlite:///{home / 'longhand.db'}"
    if not database_url:
        migrations.upgrade(url)
    named = {"HOME": str(home), "DATABASE_URL": url, "MEDIA_ROOTS": f"calls={calls}", "MAX_UPLOAD_BYTES": "1000000"}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LONGHAND_")}
    environment = clean | {f"LONGHAND_{name}": value for name, value in (named | settings).items()}
    port, log, redis = free_port(), assault.folder / "api.log", RedisServer(assault.folder)
    redis.start()
    environment["LONGHAND_REDIS_URL"] = redis.url
    with log.open("wb") as output:
        command = [sys.executable, "-m", "api.cli", "api", "--port", str(port), "--no-keys"]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=HUNG_S) as client:
            api = Api(port, process, client, home, log, {})
            wait_for(lambda: _answers(api), START_S)
            _fill(api)
            yield api
            _see_it_well(assault, api)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        redis.kill()


def ask(assault: Assault, api: Api, method: str, path: str, **request: Any) -> httpx.Response | None:  # noqa: ANN401  # as httpx has it
    """The answer; None where there was none. A 500 is a finding, the end of the process a crash."""
    what = f"{method} {path[:200]!r} {str(request)[:300]}"
    try:
        with assault.within(what):
            answer = api.client.request(method, path, **request)
    except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError):
        return None  # the client itself cannot write it: rows of raw bytes can
    except httpx.TransportError as error:
        if api.died:
            assault.crashed(f"{what}: {api.last_words()}")
            raise
        if not isinstance(error, NO_ANSWER):
            assault.found(type(error).__name__, what)
        return None
    if answer.status_code >= 500:
        assault.found(f"{answer.status_code}", f"{what}: {answer.text[:300]}")
    return answer


def read_all_lists(assault: Assault, api: Api) -> None:
    """What was put in before stops nobody from reading."""
    for path in LISTS:
        pages = 0
        address = path
        while address and pages < 20:
            answer = ask(assault, api, "GET", address)
            if answer is None or answer.status_code != 200:
                assault.found("a list cannot be read", f"{address}: {answer and answer.text[:300]}")
                break
            body = answer.json()
            more = body.get("next") if isinstance(body, dict) else None
            joint = "&" if "?" in path else "?"
            address, pages = (f"{path}{joint}cursor={more}" if more else ""), pages + 1


def _answers(api: Api) -> bool:
    assert not api.died, api.last_words()
    try:
        return api.client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def _fill(api: Api) -> None:
    """A recording with two versions, jobs, a batch, a campaign."""
    client = api.client
    jobs = [
        client.post("/v1/jobs", files={"file": (f"{number}.wav", sound(number))}, data={"archive": "calls"}).json()
        for number in range(1, 4)
    ]
    recording = jobs[0]["recording"]
    versions = [
        client.post(
            f"/v1/recordings/{recording}/transcripts",
            content=f"1\n00:00:00,000 --> 00:00:01,000\nhello {words}\n".encode(),
            headers={"Content-Type": "application/x-subrip"},
        ).json()["id"]
        for words in ("world", "there")
    ]
    batch = client.post("/v1/batches", json={"name": "b", "items": []}).json()["id"]
    campaign = client.post("/v1/campaigns", json={"name": "june", "selection": {"archive": "calls"}}).json()
    api.ids |= {
        "job_id": [job["id"] for job in jobs],
        "recording_id": [job["recording"] for job in jobs],
        "transcript_id": versions,
        "batch_id": [batch],
        "campaign": [campaign.get("id", "june"), "june"],
        "name": ["calls", "default"],
        "period": ["day", "all"],
        "import_id": ["none"],
    }


def _see_it_well(assault: Assault, api: Api) -> None:
    """Behind all of it: the process is there and answers."""
    if api.died:
        assault.crashed(api.last_words())
        return
    try:
        with assault.within("/healthz behind all inputs", 5.0):
            api.client.get("/healthz").raise_for_status()
    except httpx.HTTPError as error:
        assault.found("does not answer behind all inputs", repr(error))
    if (shown := api.log.read_text(errors="replace")).count("Traceback"):
        assault.found("a traceback in the log", shown[max(0, shown.index("Traceback") - 300) :][:1900])
