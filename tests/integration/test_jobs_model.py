"""The verbs against a model of a page's length, in orders that nobody would think of, on both databases.

What must hold whatever happens: one holder of a job at most, fences only rise, an end is left by hand alone, no cancel
is lost, and a claim that does not hold any more writes nothing. LONGHAND_TEST_MODEL_RUNS makes it longer.
"""

import os
from dataclasses import dataclass

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from realtime.protocol.errors import ServiceFault
from tests.fixtures.rows import new_answer, set_job, submit
from worker.claims.claim import Claim
from worker.database import Database
from worker.errors import DamagedAudio, IllegalMove, LeaseLost
from worker.models import Base, Job
from worker.queue import jobs, sweep
from worker.queue.sweep import MAX_LOSSES
from worker.results import segments
from worker.split.spans import Span
from worker.states import ENDED, JobState, Lane


@dataclass
class Expected:
    """What the model knows of one job."""

    recording: int
    revision: int
    status: JobState = JobState.QUEUED
    fence: int = 0
    losses: int = 0
    spans: int = 0


class Verbs(RuleBasedStateMachine):
    """Runs a verb, says beforehand how it must come out, and compares all rows after each step."""

    database: Database
    claims = Bundle("claims")
    job_ids = Bundle("job_ids")

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, Expected] = {}

    @initialize()
    def empty_tables(self) -> None:
        with self.database.writing() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(table.delete())
            session.commit()

    @rule(target=job_ids, recording=st.integers(0, 2), fresh=st.booleans())
    def submit(self, recording: int, fresh: bool) -> str:
        revisions = [job.revision for job in self.model.values() if job.recording == recording]
        job_id = submit(self.database, recording, fresh=fresh)
        if fresh or not revisions:
            assert job_id not in self.model
            self.model[job_id] = Expected(recording, max(revisions, default=-1) + 1)
        assert self.model[job_id].revision == max([*revisions, self.model[job_id].revision])
        return job_id

    @rule(target=claims)
    def claim(self) -> Claim | None:
        due = sorted(job_id for job_id, job in self.model.items() if job.status == JobState.QUEUED)
        claimed = jobs.claim(self.database, Lane.NORMAL, "w1", 60)
        assert (claimed.job_id if claimed else None) == next(iter(due), None)
        if claimed is not None:
            job = self.model[claimed.job_id]
            job.status, job.fence = JobState.RUNNING, job.fence + 1
            assert claimed.fence == job.fence
        return claimed

    def holds(self, claim: Claim) -> bool:
        job = self.model[claim.job_id]
        return job.status == JobState.RUNNING and job.fence == claim.fence

    @rule(claim=claims, ending=st.sampled_from(["requeue", "release", "fail", "finish"]))
    def end(self, claim: Claim | None, ending: str) -> None:
        if claim is None:
            return
        ends_as = {"fail": JobState.FAILED, "finish": JobState.SUCCEEDED}.get(ending, JobState.QUEUED)
        held = self.holds(claim)
        try:
            getattr(self, f"do_{ending}")(claim)
        except LeaseLost:
            assert not held
        else:
            assert held
            self.model[claim.job_id].status = ends_as

    def do_requeue(self, claim: Claim) -> None:
        jobs.requeue(self.database, claim, due_in_s=0, waiting=ServiceFault(), charge=True)

    def do_release(self, claim: Claim) -> None:
        jobs.release(self.database, claim)

    def do_fail(self, claim: Claim) -> None:
        jobs.fail(self.database, claim, DamagedAudio(), "decode")

    def do_finish(self, claim: Claim) -> None:
        segments.complete_cut(self.database, claim, 1000)
        jobs.finish(self.database, claim)

    @rule(claim=claims)
    def answer(self, claim: Claim | None) -> None:
        if claim is None:
            return
        job, held = self.model[claim.job_id], self.holds(claim)
        try:
            span = Span(0, job.spans * 1000, job.spans * 1000 + 1000)
            stored = segments.store_spans(self.database, claim, [span], channels=1, cut_ms=span.end_ms)
            segments.answered(self.database, claim, stored[0].id, new_answer(), sent_ms=1000)
        except LeaseLost:
            assert not held
        else:
            assert held
            job.losses, job.spans = 0, job.spans + 1

    @rule(job_id=job_ids)
    def cancel(self, job_id: str) -> None:
        job = self.model[job_id]
        with self.database.writing() as session:
            try:
                jobs.cancel(session, job_id)
            except IllegalMove:
                assert job.status in ENDED
            else:
                assert job.status not in ENDED
                job.status = JobState.CANCELLED
            session.commit()

    @rule(job_id=job_ids)
    def retry(self, job_id: str) -> None:
        job = self.model[job_id]
        may = job.status in {JobState.FAILED, JobState.CANCELLED}
        with self.database.writing() as session:
            try:
                jobs.retry(session, job_id)
            except IllegalMove:
                assert not may
            else:
                assert may
                job.status, job.losses = JobState.QUEUED, 0
            session.commit()

    @rule(lost=st.lists(job_ids, unique=True, max_size=3))
    def lose_leases(self, lost: list[str]) -> None:
        ended = [job_id for job_id in set(lost) if self.model[job_id].status == JobState.RUNNING]
        for job_id in ended:
            set_job(self.database, job_id, lease_until_ms=1)
        assert sorted(sweep.expire(self.database)) == sorted(ended)
        for job in (self.model[job_id] for job_id in ended):
            job.losses += 1
            job.status = JobState.FAILED if job.losses == MAX_LOSSES else JobState.QUEUED

    @rule(chosen=st.lists(claims, max_size=4))
    def renew(self, chosen: list[Claim | None]) -> None:
        claims = [claim for claim in chosen if claim is not None]
        expected = {(claim.job_id, claim.fence) for claim in claims if self.holds(claim)}
        assert jobs.renew(self.database, claims, 60) == expected

    @invariant()
    def rows_are_as_the_model_says(self) -> None:
        with self.database.reading() as session:
            rows = list(session.scalars(select(Job)))
        assert {row.id: (row.status, row.fence, row.losses) for row in rows} == {
            job_id: (job.status, job.fence, job.losses) for job_id, job in self.model.items()
        }
        assert all((row.lease_until_ms is not None) == (row.status == JobState.RUNNING) for row in rows)
        assert all((row.finished_ms is not None) == (row.status in ENDED) for row in rows)


def test_verbs_keep_their_promises_in_any_order(database: Database) -> None:
    class OnThisDatabase(Verbs):
        pass

    OnThisDatabase.database = database
    runs = int(os.environ.get("LONGHAND_TEST_MODEL_RUNS") or 15)
    chosen = settings(max_examples=runs, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(OnThisDatabase, settings=chosen)
