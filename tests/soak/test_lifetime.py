"""Ten thousand jobs through one worker process."""

from pathlib import Path

import pytest

from tests.fixtures.stacks.lifetime import assert_flat, live
from tests.fixtures.worker_processes import running_fleet
from tests.soak.conftest import Number

WARM = 500


@pytest.mark.timeout(2 * 3600)
def test_a_worker_holds_no_more_after_ten_thousand_jobs(
    tmp_path: Path, sqlite_url: str, redis_url: str, number: Number, figures: list[str]
) -> None:
    with running_fleet(tmp_path, database_url=sqlite_url, redis_url=redis_url) as fleet:
        fleet.start_service()
        fleet.start_dispatcher()
        seen = []
        for holding in live(fleet, jobs=int(number("JOBS", 10_000)), look_each=WARM):
            seen.append(holding)
            figures.append(f"  {holding}")
    assert_flat(seen[0], seen[1:])
