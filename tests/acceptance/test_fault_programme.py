"""Sixty recordings and twenty random faults: nothing lost, nothing twice, only what was in flight is sent again.

The faults are the same each time, unless LONGHAND_TEST_SEED has another seed.
"""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.postgres_cluster import PostgresCluster
from tests.fixtures.stacks.checker import assert_nothing_lost_nothing_twice
from tests.fixtures.stacks.faults import Scene
from tests.fixtures.stacks.programme import Programme, carry_out
from tests.fixtures.stacks.stack import Stack, running_stack

SERVICE = ("--speed", "4", "--latency-ms", "100")
SEED = 4
END_S = 600.0  # for a slow machine: the long run has the five minutes that are promised


@pytest.fixture
def stack(tmp_path: Path, cluster: PostgresCluster | None) -> Iterator[Stack]:
    url = cluster.url if cluster else f"sqlite:///{tmp_path / 'longhand.db'}"
    with running_stack(tmp_path, url, options=SERVICE) as running:
        yield running


@pytest.mark.timeout(1500)
def test_random_faults_lose_nothing_and_repeat_nothing(
    tmp_path: Path, stack: Stack, cluster: PostgresCluster | None, figures: list[str]
) -> None:
    seed = int(os.environ.get("LONGHAND_TEST_SEED") or SEED)
    figures.append(f"fault programme on {'PostgreSQL' if cluster else 'SQLite'}: seed {seed}")
    programme = Programme(
        seed=seed, jobs=60, bad=3, turns=5, faults=20, gap_s=1.4, submit_each_s=0.5, ahead=6, end_s=END_S
    )
    scene = Scene(stack=stack, cluster=cluster, rng=random.Random(seed))
    begun = time.monotonic()
    run = carry_out(programme, scene, tmp_path / "recordings")
    figures.append(f"  {time.monotonic() - begun:.0f} s from the first submission to the last job's end")
    figures += [f"  {line}" for line in run.lines()]
    assert_nothing_lost_nothing_twice(run.verdict, stack)
