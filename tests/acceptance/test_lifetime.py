"""A worker process is the same after three hundred jobs as after a hundred."""

from pathlib import Path

import pytest

from tests.acceptance.lifetime import live
from tests.fixtures.worker_processes import running_fleet

JOBS = 300
WARM = 100
GROWTH_BYTES = 10_000_000  # what an allocator may keep; a leak of 50 kB a job would be seen
SPARE = 2  # a thread or a socket that is just being opened or closed


@pytest.mark.timeout(900)
def test_a_worker_holds_no_more_after_many_jobs(
    tmp_path: Path, sqlite_url: str, redis_url: str, figures: list[str]
) -> None:
    with running_fleet(tmp_path, database_url=sqlite_url, redis_url=redis_url) as fleet:
        fleet.start_service()
        fleet.start_dispatcher()
        warm, *_, last = live(fleet, jobs=JOBS, look_each=WARM)
    figures += [f"lifetime: {warm}", f"lifetime: {last}"]
    assert last.memory_bytes - warm.memory_bytes < GROWTH_BYTES
    assert last.threads <= warm.threads + SPARE
    assert last.descriptors <= warm.descriptors + SPARE
    assert last.sessions <= warm.sessions + SPARE
