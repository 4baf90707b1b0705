"""Segments are stored as they are cut and settled once each, all under the claim's fence."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from realtime.protocol.errors import ContentRefused, ServiceFault
from tests.fixtures.rows import claim, new_answer, read_job, set_job, submit
from worker.claims.claim import Claim
from worker.database import Database
from worker.errors import LeaseLost, UnexpectedError
from worker.models import Answer, Segment
from worker.queue import jobs
from worker.results import answers, segments
from worker.split.spans import Span
from worker.states import SegmentState

SPANS = [Span(0, 0, 1000), Span(1, 500, 1500), Span(0, 2000, 3000)]


@pytest.fixture
def claimed(database: Database) -> Claim:
    submit(database)
    return claim(database)


def _store(database: Database, claimed: Claim) -> list[segments.StoredSegment]:
    return segments.store_spans(database, claimed, SPANS, channels=2, cut_ms=3000)


def _row(database: Database, segment_id: int) -> Segment:
    with database.reading() as session:
        return session.scalars(select(Segment).where(Segment.id == segment_id)).one()


def test_spans_are_stored_as_pending_with_how_far_the_cut_has_come(database: Database, claimed: Claim) -> None:
    stored = _store(database, claimed)
    assert [(segment.span, segment.state) for segment in stored] == [(span, SegmentState.PENDING) for span in SPANS]
    job = read_job(database, claimed.job_id)
    assert (job.channels, job.cut_ms, job.cut_complete) == (2, 3000, False)


def test_a_later_attempt_finds_them_in_order_of_start(database: Database, claimed: Claim) -> None:
    stored = segments.store_spans(database, claimed, SPANS[::-1], channels=2, cut_ms=3000)
    jobs.release(database, claimed)
    again = claim(database)
    assert segments.stored_segments(database, again) == stored[::-1]


def test_storing_a_span_again_keeps_the_one_there_is(database: Database, claimed: Claim) -> None:
    stored = _store(database, claimed)
    segments.answered(database, claimed, stored[0].id, new_answer(), sent_ms=1000)
    again = segments.store_spans(database, claimed, [SPANS[0]], channels=2, cut_ms=3000)
    assert [(segment.id, segment.state) for segment in again] == [(stored[0].id, SegmentState.ANSWERED)]


def test_complete_cut_knows_the_length(database: Database, claimed: Claim) -> None:
    segments.complete_cut(database, claimed, 61_000)
    job = read_job(database, claimed.job_id)
    assert (job.cut_complete, job.cut_ms, job.audio_ms) == (True, 61_000, 61_000)


def test_answer_is_stored_with_what_was_sent_for_it(database: Database, claimed: Claim) -> None:
    stored = _store(database, claimed)[0]
    segments.charge_sent(database, claimed, stored.id, 300)
    answer_id = segments.answered(database, claimed, stored.id, new_answer(), sent_ms=1000)
    row = _row(database, stored.id)
    assert (row.state, row.answer_id, row.sent_ms, row.reused) == (SegmentState.ANSWERED, answer_id, 1300, False)


def test_a_flagged_answer_flags_its_segment_and_is_found_by_nobody(database: Database, claimed: Claim) -> None:
    stored, answer = _store(database, claimed)[0], new_answer(flags=("loop",))
    segments.answered(database, claimed, stored.id, answer, sent_ms=1000)
    assert _row(database, stored.id).flags == ["loop"]
    assert answers.look_up_pcm(database, answer.recognition_key, answer.pcm_sha256) is None


def test_reused_answer_sends_nothing(database: Database, claimed: Claim) -> None:
    first, second, _ = _store(database, claimed)
    answer_id = segments.answered(database, claimed, first.id, new_answer(), sent_ms=1000)
    segments.reuse(database, claimed, second.id, answer_id)
    row = _row(database, second.id)
    assert (row.state, row.answer_id, row.sent_ms, row.reused) == (SegmentState.ANSWERED, answer_id, 0, True)


def test_refused_segment_is_a_gap_with_its_reason(database: Database, claimed: Claim) -> None:
    stored = _store(database, claimed)[0]
    segments.gap(database, claimed, stored.id, ContentRefused("Not this."), 1000)
    row = _row(database, stored.id)
    assert (row.state, row.gap_code, row.gap_message) == (SegmentState.GAP, "content_refused", "Not this.")
    assert row.sent_ms == 1000


def test_segment_is_settled_once(database: Database, claimed: Claim) -> None:
    stored = _store(database, claimed)[0]
    segments.answered(database, claimed, stored.id, new_answer(), sent_ms=1000)
    with pytest.raises(UnexpectedError):
        segments.answered(database, claimed, stored.id, new_answer("again"), sent_ms=1000)
    assert _row(database, stored.id).sent_ms == 1000
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Answer)) == 1


def test_stored_answer_forgives_losses_and_stalls(database: Database) -> None:
    job_id = submit(database)
    jobs.requeue(database, claim(database), due_in_s=0, waiting=ServiceFault(), charge=False)
    claimed = claim(database)
    set_job(database, job_id, losses=2)
    stored = _store(database, claimed)
    segments.answered(database, claimed, stored[0].id, new_answer(), sent_ms=1000)
    job = read_job(database, job_id)
    assert (job.losses, job.stalls, job.stall_code, job.stall_since_ms) == (0, 0, None, None)


def test_progress_changes_the_etag(database: Database, claimed: Claim) -> None:
    before = read_job(database, claimed.job_id).changed_ms
    stored = _store(database, claimed)[0]
    between = read_job(database, claimed.job_id).changed_ms
    segments.answered(database, claimed, stored.id, new_answer(), sent_ms=1000)
    assert before < between < read_job(database, claimed.job_id).changed_ms


WRITES: dict[str, Callable[[Database, Claim, int], Any]] = {
    "store_spans": lambda database, old, _: segments.store_spans(
        database, old, [Span(0, 9000, 9500)], channels=1, cut_ms=1
    ),
    "complete_cut": lambda database, old, _: segments.complete_cut(database, old, 5),
    "answered": lambda database, old, segment: segments.answered(database, old, segment, new_answer(), sent_ms=1),
    "reuse": lambda database, old, segment: segments.reuse(database, old, segment, 1),
    "gap": lambda database, old, segment: segments.gap(database, old, segment, ContentRefused(), 1),
    "charge_sent": lambda database, old, segment: segments.charge_sent(database, old, segment, 1),
}


@pytest.mark.parametrize("write", WRITES)
def test_stale_fence_writes_nothing(database: Database, claimed: Claim, write: str) -> None:
    stored = _store(database, claimed)
    jobs.release(database, claimed)
    claim(database, worker="w2")
    with pytest.raises(LeaseLost):
        WRITES[write](database, claimed, stored[0].id)
    row, job = _row(database, stored[0].id), read_job(database, claimed.job_id)
    assert (row.state, row.sent_ms, row.answer_id) == (SegmentState.PENDING, 0, None)
    assert (job.cut_complete, job.cut_ms) == (False, 3000)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Segment)) == len(SPANS)
        assert session.scalar(select(func.count()).select_from(Answer)) == 0


def test_cancelled_job_takes_no_answer(database: Database, claimed: Claim) -> None:
    stored = _store(database, claimed)[0]
    with database.writing() as session:
        jobs.cancel(session, claimed.job_id)
        session.commit()
    with pytest.raises(LeaseLost):
        segments.answered(database, claimed, stored.id, new_answer(), sent_ms=1000)


def test_another_jobs_segment_cannot_be_settled(database: Database, claimed: Claim) -> None:
    stored = _store(database, claimed)[0]
    submit(database, 2)
    other = claim(database)
    with pytest.raises(UnexpectedError):
        segments.reuse(database, other, stored.id, 1)
