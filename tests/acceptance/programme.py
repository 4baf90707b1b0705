"""A run of the programme: submissions on one side, faults at random moments on the other, then the count.

Both follow the answers that the service gave. Faults are due at random amounts of them, so that they are spread over
the whole run, and some strike while the one before still hurts; and submissions never go far beyond the next fault, so
that a slow machine, or a fault that lasts, makes no heap of work that would meet no fault, or keep all permits in use.
"""

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path

from tests.acceptance.checker import Struck, Verdict, judge, may_lose_a_lease, wait_until_ended
from tests.acceptance.faults import FREE_OF_COST, KILLS, Scene, Strike, draw
from tests.acceptance.recordings import write, write_truncated
from tests.acceptance.spread import Spread, measure
from tests.acceptance.stack import wait_for
from tests.acceptance.submitting import Submitter

IDLE_S = 300.0  # backoffs of the service's faults are at most a minute; the rest is for a slow machine
DUE_S = 900.0  # for the answers between two faults, on a slow machine


@dataclass(frozen=True, kw_only=True)
class Programme:
    """How much of everything. A fault strikes when it is due and a random time has passed, ``gap_s`` at most."""

    seed: int
    jobs: int
    bad: int
    turns: int
    faults: int
    gap_s: float
    submit_each_s: float
    ahead: float  # how many faults' shares of the work are submitted before it is their turn
    end_s: float  # how long the end is waited for after the last fault

    @property
    def share(self) -> float:
        """The segments for one fault; a recording has one for each turn."""
        return self.jobs * self.turns / self.faults

    def dues(self) -> list[float]:
        """How many segments are answered when each fault is due; something is left for the last one to strike."""
        rng = random.Random(f"dues {self.seed}")
        return sorted(rng.uniform(0, self.share * (self.faults - 1)) for _ in range(self.faults))

    def may_submit(self, good: int, due: float) -> bool:
        """Whether another recording may be submitted after so many good ones; ``due``: of the next fault."""
        return good * self.turns < due + self.ahead * self.share


@dataclass(frozen=True)
class Run:
    """What struck, what it left behind, and when."""

    struck: list[Struck]
    verdict: Verdict
    spread: Spread

    def lines(self) -> Iterator[str]:
        """The figures."""
        in_flight = statistics.mean(fault.in_flight for fault in self.struck)
        yield f"{dict(Counter(fault.kind for fault in self.struck))}, {in_flight:.1f} segments in flight at the mean"
        yield from self.spread.lines(self.verdict.segments)
        yield self.verdict.line()


def carry_out(programme: Programme, scene: Scene, folder: Path) -> Run:
    """Submit, strike, wait for the end, count."""
    struck: list[Struck] = []
    dues = [*programme.dues(), inf]
    submitter = Submitter(
        scene.stack.url, programme.submit_each_s, lambda good: programme.may_submit(good, dues[len(struck)])
    )
    submitting = submitter.start(_recordings(programme, folder))
    for due, strike in zip(dues, draw(programme.faults, scene), strict=False):
        _wait_until_due(programme, due, scene, submitter)
        struck.append(_strike(strike, scene))
    submitting.join()
    if submitter.error is not None:
        raise submitter.error
    wait_until_ended(scene.stack, programme.end_s)
    return Run(struck, judge(scene.stack, submitter.accepted, struck), measure(scene.stack, struck))


def _wait_until_due(programme: Programme, due: float, scene: Scene, submitter: Submitter) -> None:
    """Until the fault is due and a random time has passed; raises what has ended the submissions.

    Right after a fault more is in flight than at most other times: hence the time. But where answers come quickly the
    fault waits for half a share of them at the most, or the last one would find nothing to strike.
    """

    def said(segments: float) -> bool:
        if submitter.error is not None:
            raise submitter.error
        return scene.stack.log.read().said() >= segments

    wait_for(lambda: said(due), DUE_S)
    until = time.monotonic() + scene.rng.uniform(programme.gap_s / 3, programme.gap_s)
    wait_for(lambda: time.monotonic() >= until or said(due + programme.share / 2), DUE_S)


def _recordings(programme: Programme, folder: Path) -> Iterator[tuple[Path, bool]]:
    """Made as they are asked for; the bad ones lie among the good ones."""
    rng = random.Random(programme.seed)
    bad = rng.sample(range(programme.jobs), programme.bad)
    for number in range(programme.jobs):
        yield write(folder, number, programme.turns, programme.seed), True
        if number in bad:
            yield write_truncated(folder, number), False


def _strike(strike: Strike, scene: Scene) -> Struck:
    """As soon as some segment is in flight: else the fault would show nothing."""
    if strike in KILLS:
        wait_for(lambda: may_lose_a_lease(scene.stack), IDLE_S, each_s=0.2)
    in_flight = wait_for(lambda: scene.stack.log.read().in_work(), IDLE_S, each_s=0.05)
    from_s = time.time()
    strike(scene)
    return Struck(
        kind=strike.__name__,
        from_s=from_s,
        until_s=time.time(),
        in_flight=in_flight,
        free_of_cost=strike in FREE_OF_COST,
    )
