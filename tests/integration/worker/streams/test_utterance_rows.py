"""Utterances and their answers are stored together, under the claim's fence; a whole stream can be taken over."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from realtime.protocol.errors import ContentRefused
from tests.fixtures.rows import SPEC as PLAIN
from tests.fixtures.rows import claim, new_answer, new_recording, read_job, set_job, submit
from worker.claims.claim import Claim
from worker.database import Database
from worker.errors import LeaseLost
from worker.models import Answer, Segment
from worker.queue import jobs, submission
from worker.results import segments
from worker.split.spans import Span
from worker.states import Segmentation, SegmentState
from worker.streams import reuse, utterance_rows
from worker.streams.utterance_rows import Charge, StreamProgress

SPEC = replace(PLAIN, segmentation=Segmentation.SERVER_VAD)
HEADING = StreamProgress(channels=2, cut_ms=700)
DIGEST = f"{1:064x}"


@pytest.fixture
def claimed(database: Database) -> Claim:
    submit(database, spec=SPEC)
    return claim(database)


def answer(
    database: Database, claimed: Claim, start_ms: int, *, flags: tuple[str, ...] = (), length_ms: int = 900
) -> None:
    span = Span(0, start_ms, start_ms + length_ms)
    said = new_answer(flags=flags, start_ms=span.start_ms, end_ms=span.end_ms)
    utterance_rows.store_answer(database, claimed, span, said, charge=Charge(1000), progress=HEADING)


def gap(database: Database, claimed: Claim, start_ms: int) -> None:
    span = Span(0, start_ms, start_ms + 900)
    utterance_rows.store_gap(
        database, claimed, span, ContentRefused("Not this."), charge=Charge(1000), progress=HEADING
    )


def rows(database: Database, job_id: str) -> list[Segment]:
    with database.reading() as session:
        return list(session.scalars(select(Segment).where(Segment.job_id == job_id).order_by(Segment.start_ms)))


def test_an_utterance_is_stored_with_its_answer_and_how_far_the_stream_is(database: Database, claimed: Claim) -> None:
    set_job(database, claimed.job_id, losses=2)
    answer(database, claimed, 500, flags=("loop",))
    job, [row] = read_job(database, claimed.job_id), rows(database, claimed.job_id)

    assert (job.channels, job.cut_ms, job.losses, job.cut_complete) == (2, 700, 0, False)
    assert (row.state, row.start_ms, row.end_ms, row.sent_ms, row.flags) == ("answered", 500, 1400, 1000, ["loop"])
    assert row.fence == claimed.fence


def test_a_refused_utterance_is_a_gap(database: Database, claimed: Claim) -> None:
    gap(database, claimed, 500)
    [row] = rows(database, claimed.job_id)
    assert (row.state, row.gap_code, row.gap_message, row.sent_ms) == ("gap", "content_refused", "Not this.", 1000)


def test_what_was_sent_outside_adds_up(database: Database, claimed: Claim) -> None:
    utterance_rows.charge_outside(database, claimed, Charge(300))
    utterance_rows.charge_outside(database, claimed, Charge(40))
    assert read_job(database, claimed.job_id).sent_outside_ms == 340


def test_a_channels_end_tells_the_length(database: Database, claimed: Claim) -> None:
    utterance_rows.end_channel(database, claimed, audio_ms=9000, progress=StreamProgress(channels=2, cut_ms=4500))
    job = read_job(database, claimed.job_id)
    assert (job.audio_ms, job.cut_ms, job.cut_complete) == (9000, 4500, False)


WRITES: dict[str, Callable[[Database, Claim], None]] = {
    "store_answer": lambda database, old: answer(database, old, 1),
    "store_gap": lambda database, old: gap(database, old, 1),
    "charge_outside": lambda database, old: utterance_rows.charge_outside(database, old, Charge(1)),
    "end_channel": lambda database, old: utterance_rows.end_channel(database, old, audio_ms=1, progress=HEADING),
    "take_over": lambda database, old: reuse.take_over(database, old, read_job(database, old.job_id)),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_stale_fence_writes_nothing(database: Database, claimed: Claim, write: str) -> None:
    jobs.release(database, claimed)
    claim(database, worker="w2")
    with pytest.raises(LeaseLost):
        WRITES[write](database, claimed)

    job = read_job(database, claimed.job_id)
    assert (rows(database, job.id), job.cut_ms, job.sent_outside_ms, job.audio_ms) == ([], 0, 0, None)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Answer)) == 0


def finish(database: Database, claimed: Claim) -> None:
    segments.complete_cut(database, claimed, 9000)
    jobs.finish(database, claimed)


def another_claim(database: Database) -> Claim:
    """On a job for the same bytes in another archive."""
    with database.writing() as session:
        submission.submit(session, new_recording(1, archive="other"), SPEC)
        session.commit()
    return claim(database)


def test_a_stream_is_taken_over_with_what_is_not_good_left_to_ask(database: Database, claimed: Claim) -> None:
    answer(database, claimed, 0)
    answer(database, claimed, 1000, flags=("loop",))
    gap(database, claimed, 2000)
    finish(database, claimed)
    other = another_claim(database)
    same = reuse.find_same(database, other, DIGEST)
    assert same is not None
    reuse.take_over(database, other, same)

    copied = rows(database, other.job_id)
    assert [row.state for row in copied] == ["answered", "pending", "pending"]
    assert (copied[0].reused, copied[0].sent_ms, copied[1].flags) == (True, 0, [])
    job = read_job(database, other.job_id)
    assert (job.cut_complete, job.cut_ms, job.audio_ms, job.channels) == (True, 9000, 9000, 2)


def test_a_stream_that_has_not_ended_is_not_taken_over(database: Database, claimed: Claim) -> None:
    answer(database, claimed, 0)
    jobs.requeue(database, claimed, due_in_s=3600, waiting=None, charge=False)
    assert reuse.find_same(database, another_claim(database), DIGEST) is None


def test_a_doubtful_utterance_that_is_too_long_for_a_commit_is_streamed_anew(
    database: Database, claimed: Claim
) -> None:
    answer(database, claimed, 0, flags=("loop",), length_ms=60_001)
    finish(database, claimed)
    assert reuse.find_same(database, another_claim(database), DIGEST) is None


def test_a_silent_recording_is_taken_over_too(database: Database, claimed: Claim) -> None:
    finish(database, claimed)
    other = another_claim(database)
    same = reuse.find_same(database, other, DIGEST)
    assert same is not None
    reuse.take_over(database, other, same)
    assert {row.state for row in rows(database, other.job_id)} <= {SegmentState.ANSWERED}
    assert read_job(database, other.job_id).cut_complete
