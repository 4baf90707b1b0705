"""Prometheus's view of the rows, read back with its own parser."""

from realtime.protocol.errors import KeyRefused
from tests.fixtures.finished_jobs import cut, finished
from tests.fixtures.metric_samples import samples
from tests.fixtures.rows import new_answer, read_job, set_job, submit
from worker import breakers, workers
from worker.database import Database
from worker.metrics import Metrics, exposition
from worker.results import segments


def test_an_empty_house_shows_zeros(database: Database) -> None:
    shown = samples(database)
    assert shown["longhand_jobs", "queued"] == 0
    assert shown["longhand_audio_sent_seconds",] == 0
    assert shown["longhand_oldest_due_seconds",] == 0


def test_jobs_segments_and_services_are_counted(database: Database) -> None:
    finished(database)
    submit(database, 2)
    workers.register(database, "w1", 16)
    breakers.service_trouble(database, "intl", KeyRefused())
    shown = samples(database)
    assert shown["longhand_jobs", "queued"] == 1
    assert shown["longhand_jobs_ended", "succeeded"] == 1
    assert shown["longhand_jobs_due", "normal"] == 1
    assert shown["longhand_audio_sent_seconds",] == 5
    assert shown["longhand_audio_reused_seconds",] == 2
    assert shown["longhand_segments_gaps",] == 1
    assert shown["longhand_worker_slots",] == 16
    assert shown["longhand_service_state", "intl", "refused"] == 1


def test_what_ended_over_an_hour_ago_is_not_counted_any_more(database: Database) -> None:
    for number in (1, 2):
        claimed = finished(database, number)
    set_job(database, claimed.job_id, finished_ms=read_job(database, claimed.job_id).created_ms - 3_601_000)
    shown = samples(database)
    assert shown["longhand_jobs_ended", "succeeded"] == 1
    assert shown["longhand_segments",] == 3


def test_waste_is_what_was_sent_over_what_was_needed(database: Database) -> None:
    assert samples(database)["longhand_audio_waste_ratio",] == 1
    claimed, (first, second, _third) = cut(database)
    segments.charge_sent(database, claimed, first, 1000)
    segments.answered(database, claimed, first, new_answer(), sent_ms=4000)
    segments.charge_sent(database, claimed, second, 500)
    assert samples(database)["longhand_audio_waste_ratio",] == 5500 / 4000
    assert samples(database)["longhand_audio_raced_seconds",] == 0


def test_audio_that_two_jobs_had_at_once_is_counted(database: Database) -> None:
    for number in (1, 2):
        claimed, (first, *_others) = cut(database, number)
        segments.answered(database, claimed, first, new_answer(), sent_ms=4000)
    assert samples(database)["longhand_audio_raced_seconds",] == 4


def test_a_dispatchers_last_round_is_shown_once_there_was_one(database: Database) -> None:
    assert ("longhand_dispatcher_last_round_seconds",) not in samples(database)
    workers.note_round(database, "d1")
    workers.note_round(database, "d2")
    assert 0 <= samples(database)["longhand_dispatcher_last_round_seconds",] < 60


def test_scrapes_that_come_together_cost_one_reading(sqlite_database: Database) -> None:
    metrics = Metrics(sqlite_database)
    before = metrics.text()
    submit(sqlite_database)
    assert metrics.text() == before
    assert exposition(sqlite_database) != before


def test_metrics_that_have_aged_are_read_again(sqlite_database: Database) -> None:
    metrics = Metrics(sqlite_database, shortest_s=0, costs=0)
    before = metrics.text()
    submit(sqlite_database)
    assert metrics.text() != before


def test_messages_that_were_thrown_away_are_shown_where_redis_says(sqlite_database: Database) -> None:
    assert b"\nlonghand_undecodable_messages_total 3.0\n" in exposition(sqlite_database, lambda: 3)
    assert b"\nlonghand_undecodable_messages_total" not in exposition(sqlite_database, lambda: None)
