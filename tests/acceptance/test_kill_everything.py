"""Every worker and Redis killed in the middle of ten recordings of mixed formats: nothing lost, nothing twice."""

import random
import time
from pathlib import Path

import pytest

from tests.fixtures.stacks.checker import Struck, assert_nothing_lost_nothing_twice, judge, wait_until_ended
from tests.fixtures.stacks.faults import Scene, Strike, kill_all_workers, kill_redis
from tests.fixtures.stacks.recordings import write
from tests.fixtures.stacks.stack import Stack, running_stack
from tests.fixtures.stacks.submitting import Submitter
from tests.fixtures.waiting import wait_for

RECORDINGS = 10
TURNS = 12
SERVICE = ("--speed", "6", "--latency-ms", "100")
PLAN = ((8, kill_all_workers), (30, kill_redis), (50, kill_all_workers))  # after so many answers


@pytest.mark.timeout(600)
def test_ten_recordings_survive_the_death_of_every_worker_and_of_redis(tmp_path: Path, database_url: str) -> None:
    with running_stack(tmp_path, database_url, options=SERVICE) as stack:
        submitter = Submitter(stack.url, stack.key, each_s=0)
        recordings = [(write(tmp_path / "recordings", number, TURNS, 1), True) for number in range(RECORDINGS)]
        submitting = submitter.start(recordings)
        scene = Scene(stack=stack, cluster=None, rng=random.Random(1))
        struck = [_strike(stack, answers, strike, scene) for answers, strike in PLAN]
        submitting.join()
        assert submitter.error is None
        wait_until_ended(stack, 240)
        assert_nothing_lost_nothing_twice(judge(stack, submitter.accepted, struck), stack)


def _strike(stack: Stack, answers: int, strike: Strike, scene: Scene) -> Struck:
    """The fault, once there are so many answers and some segment is in flight: else it would show nothing."""
    wait_for(lambda: stack.log.read().answered() >= answers and stack.log.in_work(), 90, each_s=0.02)
    in_flight, from_s = stack.log.in_work(), time.time()
    strike(scene)
    return Struck(
        kind=strike.__name__,
        from_s=from_s,
        until_s=time.time(),
        in_flight=in_flight,
        free_of_cost=strike is kill_redis,
    )
