"""A worker process is the same after three hundred jobs as after a hundred."""

from pathlib import Path

import pytest

from tests.fixtures.stacks.lifetime import assert_flat, live
from tests.fixtures.worker_processes import running_fleet

JOBS = 300
WARM = 100


@pytest.mark.timeout(900)
def test_a_worker_holds_no_more_after_many_jobs(
    tmp_path: Path, sqlite_url: str, redis_url: str, figures: list[str]
) -> None:
    with running_fleet(tmp_path, database_url=sqlite_url, redis_url=redis_url) as fleet:
        fleet.start_service()
        fleet.start_dispatcher()
        warm, *_, last = live(fleet, jobs=JOBS, look_each=WARM)
    figures += [f"lifetime: {warm}", f"lifetime: {last}"]
    assert_flat(warm, [last])
