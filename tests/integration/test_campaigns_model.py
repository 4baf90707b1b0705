"""Whatever order verbs, steps, workers and hands come in, a campaign's promises hold: a model of its life."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.fixtures.campaigns import (
    add_campaign,
    add_recording,
    campaign,
    current,
    do,
    jobs_of,
    members,
    work,
)
from worker.campaigns.choice.target import CampaignLimits
from worker.campaigns.running import life
from worker.campaigns.running.steps import take_steps
from worker.database import Database
from worker.errors import IllegalMove
from worker.models import Job
from worker.queue import jobs
from worker.queue.filters import JobFilter
from worker.results import segments
from worker.results.totals import JobTotals, job_totals
from worker.services.lookup import Services
from worker.settings import Settings
from worker.split.spans import Span
from worker.states import CAMPAIGN_MOVES, CampaignState, JobState, Lane, MemberState, SegmentState
from worker.views.campaigns import read_campaign

VERBS: dict[str, tuple[Callable[..., None], set[str]]] = {
    "start": (life.start, {"planned", "review"}),
    "pause": (life.pause, {"running"}),
    "resume": (life.resume, {"paused"}),
    "cancel": (life.cancel, {"planned", "canary", "review", "running", "paused"}),
    "promote": (life.promote, {"finished"}),
    "rollback": (life.roll_back, {"promoted"}),
}
RUNS = int(os.environ.get("LONGHAND_TEST_MODEL_RUNS", "10"))


class Life(RuleBasedStateMachine):
    """One campaign over six recordings, one of them pinned."""

    url: str

    @initialize(canary=st.integers(0, 2))
    def plan(self, canary: int) -> None:
        self.database = Database(self.url)
        self.ids = [add_recording(self.database, pinned=number == 0) for number in range(6)]
        self.before = {one: current(self.database, one) for one in self.ids}
        self.campaign = add_campaign(self.database, canary=canary, limits=CampaignLimits(parallel=3))
        self.state = CampaignState.PLANNED

    @rule(name=st.sampled_from(sorted(VERBS)))
    def verb(self, name: str) -> None:
        act, sources = VERBS[name]
        row = campaign(self.database, self.campaign)
        busy = row.step in {"promoting", "rolling_back"}
        if row.status in sources and not busy:
            do(self.database, act, self.campaign)
        else:
            with pytest.raises(IllegalMove):
                do(self.database, act, self.campaign)

    @rule(count=st.integers(1, 4))
    def steps(self, count: int) -> None:
        for _ in range(count):
            take_steps(self.database)
            self.moved()

    @rule(at_most=st.integers(1, 3), failing=st.integers(0, 1))
    def workers(self, at_most: int, failing: int) -> None:
        work(self.database, at_most=at_most, failing=failing)

    @rule()
    def broken_off(self) -> None:
        """A worker that has sent a second gives its job back."""
        claimed = jobs.claim(self.database, Lane.BULK, "w", 60)
        if claimed is not None:
            (stored,) = segments.store_spans(self.database, claimed, [Span(0, 0, 1000)], channels=1, cut_ms=1000)
            if stored.state == SegmentState.PENDING:
                segments.charge_sent(self.database, claimed, stored.id, 1000)
            jobs.release(self.database, claimed)

    @rule()
    def retries(self) -> None:
        """By hand, all that have failed."""
        chosen = JobFilter(campaign=self.campaign, status=JobState.FAILED)
        do(self.database, jobs.retry_many, chosen)

    @invariant()
    def moved(self) -> None:
        """The state goes along its moves; several can lie between two looks."""
        if not hasattr(self, "campaign"):
            return
        now = CampaignState(campaign(self.database, self.campaign).status)
        assert now == self.state or now in _reachable(self.state)
        self.state = now

    @invariant()
    def promises(self) -> None:
        if not hasattr(self, "campaign"):
            return
        found = members(self.database, self.campaign)
        rows = {row.id: row for row in jobs_of(self.database, self.campaign)}
        assert len(rows) == len({row.recording_id for row in rows.values()})
        assert all(rows[one.job_id].recording_id == one.recording_id for one in found if one.job_id)
        assert sum(one.state == MemberState.GIVEN for one in found) <= 5  # three at once, and what a hand adds
        now = {one: current(self.database, one) for one in self.ids}
        assert None not in now.values()
        assert now[self.ids[0]] == self.before[self.ids[0]]
        row = campaign(self.database, self.campaign)
        if row.status not in {"promoted", "rolled_back"} and row.step != "promoting":
            assert now == self.before
        if row.status == "promoted" and row.step is None:
            assert all(now[one.recording_id] == one.after_id for one in found if one.promoted)
        if row.status == "finished" and row.finished_ms is not None:
            assert all(one.state != MemberState.WAITING for one in found)

    @invariant()
    def counted(self) -> None:
        """What the campaign says it took is what its jobs' usage says."""
        if not hasattr(self, "campaign"):
            return
        with self.database.reading() as session:
            actual = read_campaign(session, Services(Settings()), self.campaign).actual
            usage = job_totals(session, Job.campaign_id == self.campaign).get((), JobTotals())
        assert (actual.sent_ms, actual.reused_ms) == (usage.sent_ms, usage.reused_ms)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()


def _reachable(state: CampaignState) -> set[CampaignState]:
    found: set[CampaignState] = set()
    edge = {state}
    while edge:
        edge = {target for one in edge for target in CAMPAIGN_MOVES[one]} - found
        found |= edge
    return found


def test_a_campaigns_promises_hold_in_any_order(sqlite_template: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:

        class OnItsOwn(Life):
            number = 0

            def __init__(self) -> None:
                super().__init__()
                OnItsOwn.number += 1
                path = Path(folder) / f"{OnItsOwn.number}.db"
                shutil.copyfile(sqlite_template, path)
                self.url = f"sqlite:///{path}"

        run_state_machine_as_test(OnItsOwn, settings=settings(max_examples=RUNS, stateful_step_count=25, deadline=None))
