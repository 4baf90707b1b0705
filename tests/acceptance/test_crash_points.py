"""A process of ours ends at each commit and at each outside call: all ends as if it had not.

The places are told from each other by name, and a run without a crash is watched for places that are not in the lists.
SQLite has the process end before each of them, PostgreSQL after it; both have both with LONGHAND_TEST_BOTH_SIDES=1.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fixtures.postgres_cluster import running_cluster
from tests.fixtures.stacks.crash_scenes import PATIENCE_S, Ended, Scene, crash_scene
from tests.fixtures.stacks.planted import STATUS, exit_code
from tests.fixtures.stacks.recordings import write
from tests.fixtures.waiting import wait_for

TURNS = 3
AT_ONCE = 6  # most of a scene's time is waiting for a lease to end
OF_A_WORKER = (
    "commit of register",
    "commit of claim",
    "commit of learn",
    "commit of store_spans#2",
    "commit of answered#2",
    "commit of complete_cut",
    "commit of renew",
    "commit of finish",
    "child start",
    "session open",
    "session submit#2",
    "frame update",
    "frame append#15",
    "frame commit#2",
    "redis evalsha#2",
    "redis zrem",
    "message ack",
)
OF_THE_API = ("rename of media", "commit of write", "redis lpush")
OF_THE_DISPATCHER = ("commit of expire", "commit of settle_dead", "commit of fail_overdue", "redis lpush")
# What says whether Redis is there, or keeps its scripts; and the end of a session that nobody needs any more.
NOTHING_AT_STAKE = {"redis ping", "redis set", "redis zrange", "redis script load", "session finish", "frame finish"}
# The dispatcher's housekeeping: done again at the next round.
NOTHING_AT_STAKE |= {"commit of note_round", "commit of forget_gone", "commit of forget_old", "commit of tidy"}
MakeUrl = Callable[[str], str]
Play = Callable[[Scene, str], Ended]
SIDES = {"sqlite": ("before",), "postgresql": ("after",)}


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make_url(kind: str, tmp_path: Path, sqlite_template: Path) -> Iterator[MakeUrl]:
    """Makes databases with all tables, one a scene."""

    def copied(name: str) -> str:
        return f"sqlite:///{shutil.copyfile(sqlite_template, tmp_path / f'{name}.db')}"

    if kind == "sqlite":
        yield copied
        return
    with running_cluster() as cluster:
        yield cluster.new_database


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "recordings", 4, TURNS)


def worker_crashes(scene: Scene, place: str) -> Ended:
    scene.fleet.start_dispatcher()
    job_id = scene.fleet.submit(scene.recording)
    scene.wait_for_crash(scene.start("worker", place=place))
    scene.wait_for_silence()
    commits, unanswered, fence = scene.commits(), TURNS - scene.answered(job_id), scene.fleet.job(job_id).fence
    scene.start("worker")
    ended = scene.ended(job_id)
    claims = scene.fleet.job(job_id).fence - fence  # on a slow machine a lease may end by itself
    assert scene.commits() - commits <= claims * unanswered, "what was answered and stored was sent again"
    return ended


def api_crashes(scene: Scene, place: str) -> Ended:
    scene.fleet.start_dispatcher()
    scene.start("worker")
    api = scene.start_api(place)
    while (ended_with := exit_code(api, 0.05)) is None:
        scene.post()
    assert ended_with == STATUS
    scene.start_api()
    return scene.ended(scene.accepted())


def dispatcher_crashes(scene: Scene, place: str) -> Ended:
    """It has a lease to end and a wake-up to send: the first worker has died."""
    job_id = scene.fleet.submit(scene.recording)
    scene.wake()
    scene.wait_for_crash(scene.start("worker", place="before frame commit#2"))
    lease_ends = scene.fleet.job(job_id).lease_until_ms
    assert lease_ends is not None
    wait_for(lambda: scene.fleet.now_ms() > lease_ends, PATIENCE_S)
    scene.wait_for_crash(scene.start("dispatcher", place=place))
    scene.start("dispatcher")
    scene.start("worker")
    return scene.ended(job_id)


def without_a_crash(scene: Scene, _place: str) -> Ended:
    """Everything at once; each process writes down the places that it comes by."""
    trace = str(scene.fleet.folder / "trace")
    scene.start("dispatcher", trace=trace)
    worker = scene.start("worker", trace=trace)
    scene.start_api(trace=trace)
    ended = scene.ended(scene.accepted())
    worker.terminate()
    assert exit_code(worker, PATIENCE_S) == 0
    known = {place.partition("#")[0] for place in (*OF_A_WORKER, *OF_THE_API, *OF_THE_DISPATCHER)} | NOTHING_AT_STAKE
    passed = {line.partition("#")[0].partition(" ")[2] for line in Path(trace).read_text().splitlines()}
    assert passed <= known, "a process comes by places at which no crash is planted"
    return ended


def scenes(sides: Iterable[str]) -> list[tuple[Play, str]]:
    """What is played, and at which place a process of it ends."""
    crashes = {worker_crashes: OF_A_WORKER, api_crashes: OF_THE_API, dispatcher_crashes: OF_THE_DISPATCHER}
    planted = [(play, f"{side} {place}") for play, places in crashes.items() for place in places for side in sides]
    return [(without_a_crash, ""), *planted]


@pytest.mark.timeout(1500)
def test_wherever_a_process_ends_all_ends_as_if_it_had_not(
    tmp_path: Path, kind: str, make_url: MakeUrl, recording: Path, figures: list[str]
) -> None:
    sides = ("before", "after") if os.environ.get("LONGHAND_TEST_BOTH_SIDES") else SIDES[kind]
    plays = scenes(sides)

    def run(number: int) -> Ended:
        play, place = plays[number]
        with crash_scene(tmp_path / f"scene-{number}", make_url(f"scene_{number}"), recording) as scene:
            return play(scene, place)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        first, *others = pool.map(run, range(len(plays)))
    assert (first.status, first.jobs, len(first.segments), first.is_current) == ("succeeded", 1, TURNS, True)
    assert {place: ended for (_, place), ended in zip(plays[1:], others, strict=True) if ended != first} == {}
    figures.append(f"crash points on {kind}: {len(others)} places, each ended as if nothing had happened")
