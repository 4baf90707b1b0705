"""Two thousand recordings and two hundred random faults in half an hour or more."""

import random
from pathlib import Path

import pytest

from tests.fixtures.postgres_cluster import PostgresCluster
from tests.fixtures.stacks.checker import assert_nothing_lost_nothing_twice
from tests.fixtures.stacks.faults import Scene
from tests.fixtures.stacks.programme import Programme, carry_out
from tests.fixtures.stacks.stack import running_stack
from tests.soak.conftest import Number

SERVICE = ("--speed", "16", "--latency-ms", "100")  # a fifth of the permits is in use when nothing is wrong
MOST_WASTE = 0.06
SETTLED_S = 300.0


@pytest.mark.timeout(4 * 3600)
def test_hundreds_of_faults_lose_nothing_and_repeat_little(
    tmp_path: Path, cluster: PostgresCluster | None, seed: int, number: Number, figures: list[str]
) -> None:
    programme = Programme(
        seed=seed,
        jobs=int(number("JOBS", 2000)),
        bad=int(number("BAD", 40)),
        turns=8,
        faults=int(number("FAULTS", 200)),
        gap_s=number("GAP_S", 5),
        submit_each_s=number("SUBMIT_EACH_S", 1.8),
        ahead=2,
        end_s=3 * SETTLED_S,  # for the figure, where it is more than it may be
    )
    lasting = {"frozen_s": 20.0, "locked_s": 10.0, "refusing_s": 20.0, "away_s": number("AWAY_S", 60)}
    url = cluster.url if cluster else f"sqlite:///{tmp_path / 'longhand.db'}"
    figures.append(f"  seed {seed}")
    with running_stack(tmp_path, url, options=SERVICE) as stack:
        scene = Scene(stack=stack, cluster=cluster, rng=random.Random(seed), **lasting)
        run = carry_out(programme, scene, tmp_path / "recordings")
        figures += [f"  {line}" for line in run.lines()]
        assert_nothing_lost_nothing_twice(run.verdict, stack)
    assert run.spread.settled_s < SETTLED_S
    assert run.verdict.waste < MOST_WASTE
