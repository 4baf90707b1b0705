"""In any order of reserving, settling, dying and raising, spent and reserved stay within the limit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from tests.fixtures.budgets import INTL, SECOND_NUSD, budget, reserver, state
from tests.fixtures.rows import read_job, set_job, submit
from worker.claims.claim import Claim
from worker.database import Database
from worker.errors import BudgetExhausted
from worker.models import Budget, Job
from worker.spending.reserver import Reservation
from worker.spending.sweep import settle_dead


@pytest.fixture(scope="module")
def small(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("small") / "longhand.db"
    path.write_bytes(sqlite_template.read_bytes())
    opened = Database(f"sqlite:///{path}")
    for number in (1, 2, 3):
        submit(opened, number, INTL)
    yield opened
    opened.close()


STEP = st.tuples(st.integers(0, 2), st.sampled_from(["cover", "settle", "part", "die", "raise"]), st.integers(1, 4000))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, max_size=20), st.integers(0, 20_000))
def test_in_any_order_spent_and_reserved_stay_within_the_limit(
    small: Database, steps: list[tuple[int, str, int]], limit_ms: int
) -> None:
    world = World(small, limit_ms)
    for who, what, ms in steps:
        world.step(who, what, ms)
        world.check()
    world.end()


class World:
    """Three claims on a budget, with what each has sent kept beside it as a plain number."""

    def __init__(self, database: Database, limit_ms: int) -> None:
        self.database = database
        self.limit_ms = limit_ms
        with database.writing() as session:
            session.execute(delete(Budget))
            session.commit()
        budget(database, limit_ms=limit_ms, limit_nusd=limit_ms * SECOND_NUSD // 1000)
        self.claims = [self.claim(number) for number in range(3)]
        self.held: list[Reservation | None] = [None] * 3
        self.unsettled = [0] * 3
        self.sent_ms = 0

    def claim(self, number: int) -> Claim:
        with self.database.reading() as session:
            job_id = session.scalars(select(Job.id).order_by(Job.id)).all()[number]
        fence = read_job(self.database, job_id).fence + 1
        set_job(self.database, job_id, status="running", fence=fence)
        return Claim(job_id=job_id, recording_id="", worker="w", fence=fence, spec=INTL, lease_s=60, archive="tests")

    def step(self, who: int, what: str, ms: int) -> None:
        if what == "raise":
            self.limit_ms += ms
            budget(self.database, limit_ms=self.limit_ms, limit_nusd=self.limit_ms * SECOND_NUSD // 1000)
        elif what == "die":
            self.claims[who], self.held[who] = self.claim(who), None
            self.unsettled[who] = 0
            settle_dead(self.database)
        elif what == "cover":
            self.cover(who, ms)
        elif (held := self.held[who]) is not None:
            with self.database.writing() as session:
                held.settle(session, self.unsettled[who], last=what == "settle")
                session.commit()
            self.unsettled[who] = 0
            self.held[who] = None if what == "settle" else held

    def cover(self, who: int, ms: int) -> None:
        if self.held[who] is not None:
            return
        held = self.held[who] = reserver(self.database, self.claims[who]).reservation(ms // 2)
        try:
            if held.try_cover(ms):
                self.unsettled[who] = ms
                self.sent_ms += ms
        except BudgetExhausted:
            self.held[who] = None

    def check(self) -> None:
        found = state(self.database)
        assert found.spent_ms + found.reserved_ms <= self.limit_ms
        assert found.spent_nusd + found.reserved_nusd <= self.limit_ms * SECOND_NUSD // 1000
        assert min(found.spent_ms, found.reserved_ms, found.spent_nusd, found.reserved_nusd) >= 0

    def end(self) -> None:
        """When all have died, what was sent is spent, to the millisecond; and nothing is reserved."""
        for who in range(3):
            self.step(who, "die", 0)
        found = state(self.database)
        assert (found.reserved_ms, found.reserved_nusd) == (0, 0)
        assert found.spent_ms == self.sent_ms
