"""How a run's faults lay in it: over how much of the work they were spread, and how soon all was done after them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import create_engine, func, select

from tests.acceptance.checker import Struck
from tests.acceptance.stack import Stack
from worker.models import Job


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The stretch from the first fault to the end of the last, and what came after it."""

    lasted_s: float
    answered: int  # segments that had an answer when the last fault struck
    sent_ms: int  # audio that came meanwhile, and the part of it that was needed
    needed_ms: int
    settled_s: float  # from the end of the last fault to the end of the last job

    @property
    def waste(self) -> float:
        """What came beyond the needed, as a share of it, while faults struck."""
        return self.sent_ms / self.needed_ms - 1

    def lines(self, segments: int) -> Iterator[str]:
        """``segments``: how many there were in all."""
        yield f"{self.lasted_s:.0f} s of faults; at the last one {self.answered} of {segments} segments were answered"
        yield f"sent twice meanwhile {self.waste:.1%}; all was done {self.settled_s:.1f} s after the last fault"


def measure(stack: Stack, struck: Sequence[Struck]) -> Spread:
    """To be called when all jobs have ended."""
    from_s, until_s = struck[0].from_s, struck[-1].until_s
    log = stack.log.read()
    sent_ms, needed_ms = log.sent_and_needed_ms(from_s, until_s)
    return Spread(
        lasted_s=until_s - from_s,
        answered=log.said(struck[-1].from_s),
        sent_ms=sent_ms,
        needed_ms=needed_ms,
        settled_s=_last_end_s(stack.database_url) - until_s,
    )


def _last_end_s(database_url: str) -> float:
    """Seconds since the epoch."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        ended_ms = connection.scalars(select(func.max(Job.finished_ms))).one()
    engine.dispose()
    return (ended_ms or 0) / 1000
