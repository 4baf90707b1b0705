"""A job as JSON: every number is counted from rows."""

import pytest

from realtime.protocol.errors import KeyRefused, RateLimited
from tests.fixtures import rows
from tests.fixtures.finished_jobs import AUDIO_MS, cut, finished
from tests.fixtures.rows import claim, new_answer, set_job, submit
from worker import breakers
from worker.database import Database
from worker.errors import DamagedAudio, UnknownJob
from worker.queue import jobs
from worker.queue.filters import JobFilter
from worker.results import segments
from worker.shapes.jobs import Job, Waiting
from worker.states import JobState
from worker.views.jobs import job_version, list_jobs, read_job, read_versioned_job
from worker.views.pages import PageRequest


def shown(database: Database, job_id: str) -> Job:
    with database.reading() as session:
        return read_job(session, job_id)


def awaited(database: Database, job_id: str) -> Waiting:
    waiting = shown(database, job_id).waiting
    assert waiting is not None
    return waiting


def test_a_new_job_has_done_nothing_and_knows_no_totals(database: Database) -> None:
    view = shown(database, submit(database))
    assert view.status == "queued"
    assert view.progress.as_json() == {
        "segments_done": 0,
        "segments_total": None,
        "audio_ms_done": 0,
        "audio_ms_total": None,
    }
    assert (view.needed_ms, view.sent_ms, view.reused_ms, view.skipped_ms, view.gaps) == (0, 0, 0, 0, 0)
    assert (view.eta_s, view.waiting, view.error, view.started_at) == (None, None, None, None)
    assert view.created_at.endswith("Z")


def test_the_total_of_segments_is_null_until_the_cut_is_complete(database: Database) -> None:
    claimed, _ = cut(database, complete=False)
    assert shown(database, claimed.job_id).progress.segments_total is None
    segments.complete_cut(database, claimed, 10_000)
    assert shown(database, claimed.job_id).progress.segments_total == 3


def test_progress_counts_silence_as_done_with_the_cut(database: Database) -> None:
    claimed, (first, *_) = cut(database)
    assert shown(database, claimed.job_id).progress.audio_ms_done == 3000
    segments.answered(database, claimed, first, new_answer(), sent_ms=4000)
    view = shown(database, claimed.job_id)
    assert view.progress.as_json() == {
        "segments_done": 1,
        "segments_total": 3,
        "audio_ms_done": 7000,
        "audio_ms_total": 10_000,
    }
    assert view.eta_s is not None


def test_a_finished_job_shows_what_was_sent_reused_and_skipped(database: Database) -> None:
    view = shown(database, finished(database).job_id)
    assert view.status == "succeeded"
    assert view.progress.audio_ms_done == view.progress.audio_ms_total == 10_000
    assert (view.needed_ms, view.sent_ms, view.reused_ms, view.skipped_ms) == (7000, 5000, 2000, 3000)
    assert (view.gaps, view.eta_s) == (1, None)


def test_two_channels_need_twice_the_audio(database: Database) -> None:
    claimed, _ = cut(database)
    set_job(database, claimed.job_id, channels=2)
    view = shown(database, claimed.job_id)
    assert view.skipped_ms == 2 * 10_000 - 7000
    assert view.progress.audio_ms_done == 10_000 - 7000 // 2


def test_a_recording_that_was_decoded_before_gives_its_length_at_once(database: Database) -> None:
    finished(database)
    again = submit(database, fresh=True)
    assert shown(database, again).progress.audio_ms_total == 10_000


def test_a_failed_job_shows_its_error_with_a_hint(database: Database) -> None:
    job_id = submit(database)
    jobs.fail(database, claim(database), DamagedAudio(), "decode")
    error = shown(database, job_id).error
    assert error is not None
    assert error.as_json() == {
        "code": "damaged_audio",
        "message": DamagedAudio.hint,
        "stage": "decode",
        "retryable": False,
        "service_code": None,
        "hint": DamagedAudio.hint,
    }


def test_a_job_that_was_put_off_says_what_for_and_until_when(database: Database) -> None:
    job_id = submit(database)
    jobs.requeue(database, claim(database), due_in_s=60, waiting=RateLimited("Slower."), charge=False)
    waiting = awaited(database, job_id)
    assert (waiting.code, waiting.message) == ("rate_limited", "Slower.")
    assert str(waiting.next_try_at) > str(waiting.since)


def test_a_job_submitted_while_its_service_refuses_says_so_too(database: Database) -> None:
    breakers.service_trouble(database, "local", KeyRefused())
    waiting = awaited(database, submit(database))
    assert waiting.code == "key_refused"
    assert waiting.next_try_at is not None


def test_a_version_is_another_one_after_each_change(database: Database) -> None:
    claimed, numbers = cut(database)
    seen = set()
    for number in numbers:
        segments.answered(database, claimed, number, new_answer(), sent_ms=10)
        with database.reading() as session:
            version, _ = read_versioned_job(session, claimed.job_id)
            assert version == job_version(session, claimed.job_id)
            seen.add(version)
    assert len(seen) == len(numbers)


def test_an_unknown_job_is_an_error_with_its_id(database: Database) -> None:
    with database.reading() as session:
        for read in (read_job, job_version):
            with pytest.raises(UnknownJob, match="'nothing'"):
                read(session, "nothing")


def test_pages_go_from_the_newest_to_the_oldest_and_miss_none(database: Database) -> None:
    ids = [submit(database, number) for number in range(5)]
    seen, cursor = [], None
    with database.reading() as session:
        for _ in range(3):
            page = list_jobs(session, JobFilter(), PageRequest.parse(2, cursor))
            seen += [view.id for view in page.items]
            cursor = page.next
    assert seen == ids[::-1]
    assert cursor is None


def test_a_list_is_narrowed_by_its_filter(database: Database) -> None:
    first, second = submit(database, 1, labels={"room": "a"}), submit(database, 2, labels={"room": "b"})
    with database.writing() as session:
        jobs.cancel(session, second)
        session.commit()
    with database.reading() as session:
        for chosen, expected in (
            (JobFilter(status=JobState.CANCELLED), [second]),
            (JobFilter(labels={"room": "a"}), [first]),
            (JobFilter(archive="nowhere"), []),
        ):
            assert [view.id for view in list_jobs(session, chosen, PageRequest()).items] == expected


def test_the_estimate_goes_by_the_present_attempt_and_not_by_what_was_before(database: Database) -> None:
    claimed, (first, *_others) = cut(database)
    segments.answered(database, claimed, first, new_answer(), sent_ms=4000)
    jobs.release(database, claimed)
    set_job(database, claimed.job_id, started_ms=1)
    again = claim(database)
    assert rows.read_job(database, again.job_id).resumed_ms == AUDIO_MS - 3000
    assert shown(database, again.job_id).eta_s is None
    second = segments.stored_segments(database, again)[1]
    segments.answered(database, again, second.id, new_answer(start_ms=6000, end_ms=8000), sent_ms=2000)
    set_job(database, again.job_id, claimed_ms=rows.read_job(database, again.job_id).changed_ms - 10_000)
    left_s = shown(database, again.job_id).eta_s
    assert left_s is not None
    assert 5 <= left_s < 30  # 1 s of 3 s is left after 10 s


def test_a_row_that_another_version_wrote_is_shown(database: Database) -> None:
    """One such row must not hide the others of a list."""
    job_id = submit(database)
    spec = {"service": "local", "model": "m", "language": None, "context": "", "channels": "auto"}
    set_job(database, job_id, spec={**spec, "segmentation": "document", "lane": "normal", "priority": 0, "mood": "new"})
    job = shown(database, job_id)
    assert job.spec.model == "m"
    assert (job.spec.voice, job.spec.cut, job.spec.identity) == (False, {}, "")
    with database.reading() as session:
        listed = list_jobs(session, JobFilter(), PageRequest(limit=10))
    assert [one.id for one in listed.items] == [job_id]
