"""Web pages have no power here: in a real browser, from another origin and by a name that was moved to this machine."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.cli import main
from realtime.service.config import PATH
from tests.fixtures.command_line import UpStack, cut_sample, running_up
from tests.fixtures.doors import opened, settings_for, sound
from tests.fixtures.hostile import HostileServer
from tests.fixtures.recognizer import running_recognizer
from tests.fixtures.recognizer_process import recognizer_port
from tests.fixtures.requirements import skip_or_fail
from tests.fixtures.web_pages import PagePlan, visited_elsewhere, visited_rebound

Visit = Callable[[PagePlan, Path], dict[str, str]]
SECRET = "what was said in confidence"
WRITES = {"by-form", "by-fetch", "by-batch", "by-top-form", "cancelled", "imported", "planned", "started", "recognizer"}
READS = {"jobs read", "transcript read", "budget set"}  # and what a browser asks about first


@dataclass(frozen=True)
class Attacked:
    """A server with something in it that is worth an attack; ``client`` may do everything."""

    client: httpx.Client
    plan: PagePlan
    victim: str  # a queued job

    def powers(self, seen: dict[str, str]) -> set[str]:
        """What the page had brought about or read, by what is there and what it saw."""
        made = {row["external_id"] for row in self._rows("/v1/jobs?limit=500")} - {None, "victim"}
        found = {
            "cancelled": self.client.get(f"/v1/jobs/{self.victim}").json()["status"] == "cancelled",
            "imported": bool(self._rows("/v1/archives/taken/imports")),
            "planned": bool(self._rows("/v1/campaigns")),
            "started": any(row["status"] != "planned" for row in self._rows("/v1/campaigns")),
            "jobs read": '"items"' in seen["jobs"],
            "transcript read": SECRET in seen["transcript"],
            "budget set": bool(self._rows("/v1/budgets")),
            "recognizer": seen["recognizer"] == "open",
        }
        return made | {name for name, there in found.items() if there}

    def _rows(self, path: str) -> list[dict[str, str]]:
        answered = self.client.get(path)
        if answered.status_code == 404:
            return []
        answer = answered.raise_for_status().json()
        rows: list[dict[str, str]] = answer["items"] if isinstance(answer, dict) else answer
        return rows


def attacked(client: httpx.Client, recognizer: str) -> Attacked:
    """With a transcript and a queued job."""
    brought = client.post("/v1/archives/mine/recordings", files={"file": ("mine.wav", sound(7))})
    versions = f"/v1/recordings/{brought.raise_for_status().json()['id']}/transcripts"
    cue = f"1\n00:00:00,000 --> 00:00:01,000\n{SECRET}\n"
    version = client.post(versions, content=cue.encode(), headers={"Content-Type": "application/x-subrip"})
    job = client.post("/v1/jobs", files={"file": ("victim.wav", sound(8))}, data={"external_id": "victim"})
    plan = PagePlan(
        api=str(client.base_url).rstrip("/"),
        recognizer=recognizer,
        folder="mount://calls",
        item="mount://calls/a.wav",
        transcript=version.raise_for_status().json()["id"],
    )
    return Attacked(client, plan, job.raise_for_status().json()["id"])


@pytest.fixture
def calls(tmp_path: Path) -> str:
    """A mounted folder, as a setting."""
    folder = tmp_path / "calls"
    folder.mkdir()
    (folder / "a.wav").write_bytes(sound(9))
    return f"calls={folder}"


@contextmanager
def still(up: UpStack) -> Iterator[None]:
    """Its worker stands still, so that jobs stay queued."""
    worker = up.part("worker")
    assert worker is not None
    family = [worker, *worker.children(recursive=True)]
    for process in family:
        process.suspend()
    try:
        yield
    finally:
        for process in family:
            process.resume()


def own_recognizer(up: UpStack) -> str:
    """The URL of the stack's own."""
    return f"ws://127.0.0.1:{recognizer_port(up.part('recognizer'))}{PATH}"


def client_of(up: UpStack) -> httpx.Client:
    key = up.home / "key"
    headers = {"Authorization": f"Bearer {key.read_text().strip()}"} if key.exists() else {}
    return httpx.Client(base_url=up.server.url, headers=headers, trust_env=False, timeout=60)


def powers_of_pages(there: Attacked, folder: Path) -> list[set[str]]:
    """Of one from another port, and of one whose name was moved."""
    return [
        there.powers(visited_elsewhere(there.plan, folder / "elsewhere")),
        there.powers(visited_rebound(there.plan, folder / "rebound")),
    ]


def curl(url: str, *words: str) -> str:
    found = shutil.which("curl")
    if found is None:
        skip_or_fail("curl", "no curl on PATH")
    return subprocess.run([found, "-s", *words, url], capture_output=True, text=True, check=True, timeout=30).stdout


def test_pages_have_no_power_over_a_stack_and_who_has_its_key_has_all(
    tmp_path: Path, calls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("LONGHAND_HOME", str(home))
    with running_up(home, media_roots=calls) as up, client_of(up) as client:
        with still(up):
            there = attacked(client, own_recognizer(up))
            assert powers_of_pages(there, tmp_path) == [set(), set()]
        key = (home / "key").read_text().strip()
        assert there.victim in curl(f"{up.server.url}/v1/jobs", "-H", f"Authorization: Bearer {key}")
        assert "key_missing" in curl(f"{up.server.url}/v1/jobs")
        assert main(["transcribe", str(cut_sample(tmp_path / "one.wav", 0, 2))]) == 0


def test_pages_have_no_power_where_no_key_is_asked_for(tmp_path: Path, calls: str) -> None:
    with (
        running_recognizer() as recognizer,
        running_up(tmp_path / "home", "--no-keys", media_roots=calls) as up,
        client_of(up) as client,
        still(up),
    ):
        assert powers_of_pages(attacked(client, recognizer.url), tmp_path) == [set(), set()]


@pytest.mark.parametrize(
    ("visited", "powers"),
    [(visited_elsewhere, WRITES), (visited_rebound, WRITES | READS)],
    ids=["elsewhere", "rebound"],
)
def test_without_its_gate_a_server_obeys_pages(
    visited: Visit, powers: set[str], sqlite_url: str, tmp_path: Path, calls: str
) -> None:
    """What the other tests of this file could miss: that their page can do these things at all."""
    settings = settings_for(sqlite_url, tmp_path, media_roots=calls)
    with HostileServer() as recognizer, opened(settings, gate=False) as house:
        there = attacked(house.client, recognizer.url)
        assert there.powers(visited(there.plan, tmp_path / "browser")) == powers
