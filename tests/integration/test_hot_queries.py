"""What is asked all the time reads few pages of a hundred thousand jobs, by an index: PostgreSQL's plans say so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

import migrations
from tests.fixtures.databases import temporary_database
from tests.fixtures.many_rows import BATCH, JOBS, fill, job_id, tidy
from tests.fixtures.rows import SPEC, new_answer, new_recording, tell_used_up, use_up
from worker import breakers, metrics
from worker.budgets import Period, Scope, budgets_of, remove_budget
from worker.claims.claim import Claim
from worker.database import Database
from worker.imports.matching import archive_index
from worker.queue import claim_query, idempotency, jobs, submission, sweep
from worker.queue.filters import JobFilter, first_part, newest
from worker.queue.waiting import keep_marks
from worker.results import answers, segments
from worker.search.index import SearchFilter
from worker.shapes.selection import RecordingFields
from worker.spending.sweep import settle_dead, wake_funded
from worker.states import JobState, Lane
from worker.views.jobs import job_version, list_jobs, read_batch, read_versioned_job
from worker.views.pages import PageRequest
from worker.views.recordings import list_recordings, search
from worker.views.transcripts import read_transcript

BIG = {"recordings", "jobs", "batch_jobs", "segments", "answers", "transcripts", "search_rows", "idempotency_keys"}
MOST_PAGES = 1000  # of 8 kB; the jobs alone have some ten thousand
MIDDLE = job_id(JOBS // 2 + 7)
CLAIM = Claim(job_id=job_id(1), recording_id=job_id(1), worker="w", fence=1, spec=SPEC, lease_s=60)


@pytest.fixture(scope="module")
def big(postgres_server: Engine) -> Iterator[Database]:
    with temporary_database(postgres_server) as url:
        migrations.upgrade(url)
        database = Database(url)
        fill(database.engine)
        yield database
        database.close()


@dataclass(frozen=True)
class Asked:
    """A statement that was executed, its plan and how many pages it touched."""

    statement: str
    plan: dict[str, Any]

    @property
    def pages(self) -> int:
        return int(self.plan["Shared Hit Blocks"] + self.plan["Shared Read Blocks"])

    @property
    def scanned(self) -> set[str]:
        """Big tables that are read from one end to the other."""
        nodes = list(_nodes(self.plan))
        return {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"} & BIG


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)


def asked(database: Database, call: Callable[[Database], object]) -> list[Asked]:
    """Everything that the call asks, each explained by carrying it out once more and taking it back."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:  # noqa: ANN401  # the driver's
        seen.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        call(database)
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    settings = [statement for statement, _ in seen if statement.startswith("SET LOCAL")]
    with database.engine.connect() as connection:
        planned = [one for one in seen if not one[0].startswith(("INSERT", "SET"))]  # a row to insert needs no plan
        return [_explained(connection, settings, statement, parameters) for statement, parameters in planned]


def _explained(connection: Connection, settings: list[str], statement: str, parameters: Any) -> Asked:  # noqa: ANN401  # the driver's
    for setting in settings:
        connection.exec_driver_sql(setting)
    explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}"
    one = parameters[0] if isinstance(parameters, list) else parameters
    (rows,) = connection.exec_driver_sql(explain, one).one()
    connection.rollback()
    return Asked(statement, rows[0]["Plan"])


def reading(call: Callable[..., object], *arguments: object, **named: object) -> Callable[[Database], None]:
    def within(database: Database) -> None:
        with database.reading() as session:
            call(session, *arguments, **named)

    return within


def writing(call: Callable[..., object], *arguments: object, **named: object) -> Callable[[Database], None]:
    """Without a commit."""

    def within(database: Database) -> None:
        with database.writing() as session:
            call(session, *arguments, **named)

    return within


def page(**chosen: Any) -> Callable[[Database], None]:  # noqa: ANN401  # any filter
    return reading(list_jobs, JobFilter(**chosen), PageRequest())


def searching(words: str, page: PageRequest = PageRequest(), **where: Any) -> Callable[[Database], None]:  # noqa: ANN401, B008  # any condition; it is frozen
    return reading(search, words, SearchFilter(**where), page)


PLACE: dict[str, Any] = {"digest": "x", "channel": "mix", "start_ms": 0, "end_ms": 1000}
HOT: dict[str, Callable[[Database], object]] = {
    "poll": reading(read_versioned_job, MIDDLE),
    "poll for a change": reading(job_version, MIDDLE),
    "transcript": reading(read_transcript, MIDDLE),
    "list": page(),
    "list further on": reading(list_jobs, JobFilter(), PageRequest(before=MIDDLE)),
    "list by state": page(status=JobState.FAILED),
    "list by archive": page(archive="a3"),
    "list by batch": page(batch=BATCH),
    "list by batch and state": page(batch=BATCH, status=JobState.QUEUED),
    "list by external id": page(external_id="x777"),
    "list by recording": page(recording=MIDDLE),
    "list by an error": page(code="damaged_audio"),
    "list by what is waited for": page(code="key_refused"),
    "list by a code that is nowhere": page(code="nothing"),
    "search a rare word": searching("rare77"),
    "search a word that all say": searching("said"),
    "search a rare word in one archive": searching("rare77", archive="a7"),
    "search a phrase of frequent words": searching('"c7 d9"'),
    "search words with another left out": searching("rare77 -half0"),
    "search the beginning of a word": searching("rare997*"),
    "search what nobody says": searching("nobody"),
    "search further on": searching("half1", PageRequest(before=f"{JOBS // 2:032x}")),
    "list recordings": reading(list_recordings, PageRequest(), RecordingFields(archive="a3")),
    "find a recording by its bytes": reading(list_recordings, PageRequest(), RecordingFields(digest=f"{7:064x}")),
    "find a recording by its external id": reading(
        list_recordings, PageRequest(), RecordingFields(archive="a3", external_id="e7")
    ),
    "what an archive has of a chunk": reading(archive_index, "a3", [new_recording(7, archive="a3", external_id="e7")]),
    "submit": writing(submission.submit, new_recording(), SPEC),
    "submit again": writing(submission.submit, new_recording(archive="a7", identity="sha256:7"), SPEC),
    "claim": lambda database: jobs.claim(database, Lane.BULK, "w", 60),
    "count what is due": lambda database: claim_query.count_due(database, Lane.NORMAL, 40),
    "renew": lambda database: jobs.renew(database, [CLAIM], 60),
    "expire": sweep.expire,
    "fail what is overdue": sweep.fail_overdue,
    "segments of a job": lambda database: segments.stored_segments(database, CLAIM),
    "look up an answer": lambda database: answers.look_up(database, recognition_key="k", **PLACE),
    "look up by audio": lambda database: answers.look_up_pcm(database, "k", "x"),
    "is it answered": reading(answers.is_answered, new_answer()),
    "batch": reading(read_batch, BATCH),
    "a part of a batch": reading(first_part, JobFilter(batch=BATCH), 100),
    "the newest job": reading(newest),
    "cancel a batch": writing(jobs.cancel_many, JobFilter(batch=BATCH)),
    "idempotency": writing(idempotency.begin, "k7", "f"),
    "forget old keys": writing(idempotency.forget_old),
    "metrics": metrics.exposition,
    "budgets": reading(budgets_of),
    "settle the dead": settle_dead,
    "let go what waits for a budget": wake_funded,
    "keep the marks of what is held": keep_marks,
    "a service recovers": lambda database: breakers.service_recovered(database, "intl"),
}


@pytest.mark.parametrize("name", HOT)
def test_it_is_answered_by_an_index(big: Database, name: str) -> None:
    queries = asked(big, HOT[name])
    assert queries
    assert {query.statement: query.scanned for query in queries if query.scanned} == {}
    assert {query.statement: query.pages for query in queries if query.pages > MOST_PAGES} == {}


def test_very_many_jobs_behind_a_closed_door_are_not_read_by_each_claim(big: Database) -> None:
    with used_up(big) as budget_id:
        (look,) = asked(big, HOT["claim"])
        assert look.pages > MOST_PAGES  # nobody has marked them yet
        tell_used_up(big, budget_id)
        tidy(big.engine)
        for name in ("claim", "count what is due", "keep the marks of what is held"):
            assert {query.statement: query.pages for query in asked(big, HOT[name]) if query.pages > MOST_PAGES} == {}


@contextmanager
def used_up(database: Database) -> Iterator[str]:
    """With a budget over all jobs that has nothing left: its id."""
    yield use_up(database, Scope.DEPLOYMENT)
    with database.writing() as session:
        remove_budget(session, Scope.DEPLOYMENT, "", Period.ALL)
        session.commit()
    wake_funded(database)


def test_a_table_that_is_read_from_end_to_end_is_noticed(big: Database) -> None:
    query, *_others = asked(big, page(labels={"nobody": "has"}))
    assert query.scanned == {"jobs"} or query.pages > MOST_PAGES


def test_words_are_found_by_their_own_index(big: Database) -> None:
    for words in ("rare77", '"c7 d9"', "rare997*", "nobody"):
        used = {node.get("Index Name") for query in asked(big, searching(words)) for node in _nodes(query.plan)}
        assert "ix_search_rows_words" in used, words
