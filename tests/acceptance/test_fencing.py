"""A worker that slept through its lease writes nothing, sends nothing and lets its sessions go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.stacks.fencing import PACE, Thaw, freeze_and_thaw
from tests.fixtures.worker_processes import Fleet, running_fleet

MOST_ROUNDS = 3
LEASE_S = 6.0


@pytest.mark.timeout(1500)
def test_a_thawed_worker_writes_nothing_and_closes_its_sessions(
    tmp_path: Path, database_url: str, redis_url: str, figures: list[str]
) -> None:
    """How soon it closes them is measured by the long run: a slow machine shows nothing of it."""
    with running_fleet(tmp_path, database_url=database_url, redis_url=redis_url) as fleet:
        fleet.start_service(latency_ms=100)
        fleet.start_dispatcher()
        for _ in range(2):
            fleet.start_worker(lease_s=LEASE_S, pace=PACE)
        thaws = list(_rounds(fleet))
    figures += [f"fencing: {thaw}" for thaw in thaws]
    assert thaws[-1].sessions, "no worker was frozen in the middle of a segment: this shows nothing"
    assert all(thaw.rows_written == 0 for thaw in thaws)


def _rounds(fleet: Fleet) -> Iterator[Thaw]:
    """Until one shows something."""
    for number in range(MOST_ROUNDS):
        thaw = freeze_and_thaw(fleet, number, lease_s=LEASE_S)
        yield thaw
        if thaw.sessions:
            return
