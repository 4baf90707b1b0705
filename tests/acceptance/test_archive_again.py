"""An archive of sixty recordings with a newer model: imported, planned, tried, compared, killed, promoted, rolled back.

Everything is a real process. Versions, money and audio are looked at from outside after each station, the audio in the
newer service's own log.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures.stacks.archive import NAME, NEW, OLD, Archive
from tests.fixtures.stacks.ledger import ServiceLog
from tests.fixtures.stacks.stack import FAST, Stack, running_service, running_stack
from tests.fixtures.waiting import wait_for

RECORDINGS, TURNS, CANARY = 60, 2, 8
USD_PER_S = 0.0001
SERVICE = ("--speed", "12", "--latency-ms", "50")
KILLED = ("worker", "dispatcher", "api", "redis")
CORRECTED = "this is what a person heard"


@dataclass(frozen=True)
class Scene:
    archive: Archive
    stack: Stack
    newer: ServiceLog


@contextmanager
def set_up(folder: Path, database_url: str) -> Iterator[Scene]:
    recordings = folder / "recordings"
    with running_service(folder / "newer", (*SERVICE, "--model", NEW)) as (log, port):
        url = f"ws://127.0.0.1:{port}/api-ws/v1/realtime"
        (folder / "services.toml").write_text(f'[newer]\nurl = "{url}"\nmodel = "{NEW}"\npace = 0\nhosted = false\n')
        (folder / "prices.toml").write_text(f'[newer."{NEW}"]\nusd_per_s = {USD_PER_S}\n')
        settings = {
            **FAST,
            "LONGHAND_SERVICES_FILE": str(folder / "services.toml"),
            "LONGHAND_PRICES_FILE": str(folder / "prices.toml"),
            "LONGHAND_MEDIA_ROOTS": f"calls={recordings}",
        }
        with running_stack(folder, database_url, options=SERVICE, settings=settings) as stack, stack.client() as client:
            yield Scene(Archive(client, recordings), stack, ServiceLog(log))


@pytest.mark.timeout(900)
def test_an_archive_is_transcribed_again_and_back(tmp_path: Path, database_url: str, figures: list[str]) -> None:
    with set_up(tmp_path, database_url) as scene:
        scene.archive.fill(RECORDINGS, TURNS)
        import_and_transcribe(scene.archive)
        pinned = pin_one(scene.archive)
        campaign = plan(scene)
        try_on_a_canary(scene, campaign, pinned)
        in_flight_ms = run_through_a_death_of_everything(scene, campaign)
        finished = scene.archive.wait_until(campaign, "finished")
        check_audio_and_money(scene, finished, in_flight_ms, figures)
        promote_and_roll_back(scene.archive, campaign, pinned)


def import_and_transcribe(archive: Archive) -> None:
    asked = {"folder": "mount://calls/", "patterns": ["*.wav"], "naming": "{external_id}.wav", "transcribe": {}}
    made = archive.post(f"/v1/archives/{NAME}/imports", asked)
    ended = archive.wait_until(f"/v1/imports/{made['id']}", "succeeded")
    assert (ended["added"], ended["refused"]) == (RECORDINGS, 0)
    batch = ended["batch"]
    wait_for(lambda: archive.get(f"/v1/batches/{batch}")["counts"].get("succeeded") == RECORDINGS, 300, each_s=0.5)
    assert archive.current_versions() == archive.heard_by(OLD)


def pin_one(archive: Archive) -> str:
    """A person corrects one transcript; the recording's name."""
    name, recording = min(archive.recordings().items(), key=lambda one: one[0])
    url = f"/v1/recordings/{recording['id']}/transcripts?format=txt&pin=true"
    assert archive.client.post(url, content=CORRECTED, headers={"Content-Type": "application/octet-stream"}).is_success
    return name


def plan(scene: Scene) -> str:
    archive = scene.archive
    wanted = {"selection": {"archive": NAME}, "spec": {"service": "newer"}, "canary": CANARY}
    dry = archive.post("/v1/campaigns", {**wanted, "dry_run": True})["plan"]
    assert list(archive.pages("/v1/campaigns")) == []
    assert dry["matched"] == RECORDINGS
    assert dry["cost_usd"] == pytest.approx(dry["to_send_ms"] * USD_PER_S / 1000, rel=0.01)
    assert dry["to_send_ms"] == pytest.approx(archive.needed_ms, rel=0.1)
    made = archive.post("/v1/campaigns", {**wanted, "name": "june"})
    assert made["status"] == "planned"
    assert archive.refused("/v1/campaigns/june/promote") == "illegal_move"
    assert scene.newer.read().accepted_ms() == 0
    return "/v1/campaigns/june"


def try_on_a_canary(scene: Scene, campaign: str, pinned: str) -> None:
    archive = scene.archive
    archive.post(f"{campaign}/start")
    tried = archive.wait_until(campaign, "review")
    assert tried["counts"]["done"] == CANARY + 1
    summary = archive.get(f"{campaign}/comparison")["summary"]
    assert (summary["recordings"]["compared"], summary["recordings"]["with_reference"]) == (CANARY + 1, 1)
    assert 0 < summary["difference"]["low"] <= summary["difference"]["rate"] <= summary["difference"]["high"] < 0.3
    members = {Path(one["source"]).name: one for one in archive.pages(f"{campaign}/recordings")}
    assert pinned in members
    assert all(0 <= one["rate"] < 0.4 for name, one in members.items() if name != pinned)
    current = archive.current_versions()
    assert {name for name, (model, _) in current.items() if model != OLD} == {pinned}
    assert archive.refused(f"{campaign}/promote") == "illegal_move"
    assert archive.refused(f"{campaign}/pause") == "illegal_move"


def run_through_a_death_of_everything(scene: Scene, campaign: str) -> int:
    """Kill -9 of every process in the middle; what was in flight then, in ms."""
    scene.archive.post(f"{campaign}/start")
    before = scene.newer.read().answered()
    wait_for(lambda: _has_answered(scene.newer, before + RECORDINGS // 2), 120, each_s=0.02)
    from_s = time.time()
    for kind in KILLED:
        scene.stack.kill(kind)
    until_s = time.time()
    scene.archive.wait_until(campaign, "finished")
    return scene.newer.read().accepted_ms(scene.newer.in_flight(from_s, until_s))


def check_audio_and_money(scene: Scene, finished: dict[str, object], in_flight_ms: int, figures: list[str]) -> None:
    """Nothing was sent beyond the segments in flight, and what was counted is what the service took but for those."""
    needed_ms, sent_ms = scene.archive.needed_ms, scene.newer.read().accepted_ms()
    figures.append(f"archive again: needed {needed_ms}, sent {sent_ms}, in flight at the death {in_flight_ms} ms")
    assert needed_ms <= sent_ms <= needed_ms + in_flight_ms
    assert finished["counts"] == {"waiting": 0, "given": 0, "done": RECORDINGS, "failed": 0}
    actual = finished["actual"]
    assert isinstance(actual, dict)
    assert needed_ms <= actual["sent_ms"] <= sent_ms
    assert actual["cost_usd"] == pytest.approx(actual["sent_ms"] * USD_PER_S / 1000, rel=1e-6)
    usage = scene.archive.get("/v1/usage", archive=NAME)["items"]
    assert sum(one["sent_ms"] for one in usage if one["service"] == "newer") == actual["sent_ms"]


def promote_and_roll_back(archive: Archive, campaign: str, pinned: str) -> None:
    archive.post(f"{campaign}/promote")
    archive.wait_until(campaign, "promoted")
    assert _but(archive.current_versions(), pinned) == _but(archive.heard_by(NEW), pinned)
    archive.post(f"{campaign}/rollback")
    archive.wait_until(campaign, "rolled_back")
    assert _but(archive.current_versions(), pinned) == _but(archive.heard_by(OLD), pinned)
    assert archive.refused(f"{campaign}/rollback") == "illegal_move"
    recording = archive.recordings()[pinned]
    assert archive.get(f"/v1/transcripts/{recording['current_transcript']}")["text"] == CORRECTED


def _but(versions: Mapping[str, object], name: str) -> dict[str, object]:
    return {other: version for other, version in versions.items() if other != name}


def _has_answered(log: ServiceLog, so_many: int) -> bool:
    """And is at work on more: else a death would cost nothing."""
    return log.read().answered() > so_many and log.in_work() > 0
