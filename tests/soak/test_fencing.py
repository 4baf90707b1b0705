"""A worker frozen for two leases and thawed, fifty times on each database."""

from pathlib import Path

import pytest

from tests.fixtures.stacks.fencing import CLOSE_S, PACE, freeze_and_thaw
from tests.fixtures.worker_processes import running_fleet
from tests.soak.conftest import Number

LEASE_S = 6.0


@pytest.mark.timeout(2 * 3600)
def test_a_thawed_worker_writes_nothing_and_closes_its_sessions(
    tmp_path: Path, database_url: str, redis_url: str, number: Number, figures: list[str]
) -> None:
    with running_fleet(tmp_path, database_url=database_url, redis_url=redis_url) as fleet:
        fleet.start_service(latency_ms=100)
        fleet.start_dispatcher()
        for _ in range(2):
            fleet.start_worker(lease_s=LEASE_S, pace=PACE)
        thaws = [freeze_and_thaw(fleet, one, lease_s=LEASE_S) for one in range(int(number("ROUNDS", 50)))]
    written, sessions = sum(thaw.rows_written for thaw in thaws), sum(thaw.sessions for thaw in thaws)
    longest_s, sent = max(thaw.closed_after_s for thaw in thaws), sum(thaw.bytes_sent for thaw in thaws)
    figures.append(f"  {written} rows by old fences; {sessions} sessions in the middle of a segment, {sent} bytes sent")
    figures.append(f"  all closed within {longest_s:.2f} s of the thaw")
    assert written == 0
    assert longest_s <= CLOSE_S
