"""Counts for Prometheus, read from rows, and one from Redis: every process of the fleet would tell the same.

What is queued and runs is counted as it is, what has ended over the last hour: so reading costs what there is to do and
what was just done, however many jobs there ever were.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Select, and_, case, func, select, union_all
from sqlalchemy.orm import Session

from worker.breakers import service_states
from worker.budgets import budgets_of
from worker.database import NOW, Database
from worker.models import Job, Segment
from worker.results.totals import SPAN, SUMS, SegmentSums
from worker.states import ENDED, BreakerState, JobState, Lane, SegmentState
from worker.workers import dispatcher_age_ms, slots

CONTENT_TYPE = CONTENT_TYPE_LATEST
Undecodable = Callable[[], int | None]  # how many messages were; None where nobody says


SHORTEST_S = 2.0
COSTS = 20  # metrics are read for a twentieth of the time at most, however many rows there are

SENT = and_(Segment.state != SegmentState.PENDING, ~Segment.reused)
WASTE = (
    func.coalesce(func.sum(Segment.sent_ms), 0),
    func.coalesce(func.sum(case((SENT, SPAN), else_=0)), 0),
    func.coalesce(func.sum(case((Segment.raced, SPAN), else_=0)), 0),
)
LATELY = Job.finished_ms >= NOW - 3_600_000
PRESENT = union_all(select(Job.id).where(Job.status == JobState.RUNNING), select(Job.id).where(LATELY))


class Metrics:
    """One process's metrics, kept for a while after they were read: longer, the longer it took to read them."""

    def __init__(
        self,
        database: Database,
        undecodable: Undecodable = lambda: None,
        *,
        shortest_s: float = SHORTEST_S,
        costs: int = COSTS,
    ) -> None:
        self._database = database
        self._undecodable = undecodable
        self._shortest_s = shortest_s
        self._costs = costs
        self._lock = threading.Lock()
        self._text = b""
        self._fresh_until = float("-inf")

    def text(self) -> bytes:
        """As `exposition`, some seconds old perhaps."""
        with self._lock:  # scrapes that come together cost one reading
            begun = time.monotonic()
            if begun >= self._fresh_until:
                self._text = exposition(self._database, self._undecodable)
                ended = time.monotonic()
                self._fresh_until = ended + max(self._shortest_s, self._costs * (ended - begun))
            return self._text


def exposition(database: Database, undecodable: Undecodable = lambda: None) -> bytes:
    """All metrics in Prometheus's text form."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Rows(database))
    registry.register(_Messages(undecodable))
    return generate_latest(registry)


class _Rows(Collector):
    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        return []  # else registering would read the database

    def collect(self) -> Iterator[Metric]:
        with self._database.reading() as session:
            yield _jobs(session)
            yield _ended(session)
            yield from _due(session)
            yield from _segments(session)
            yield from _waste(session)
            yield _budgets(session)
        yield from _dispatchers(self._database)
        yield GaugeMetricFamily("longhand_worker_slots", "Jobs that live workers can hold.", slots(self._database))
        yield _services(self._database)


class _Messages(Collector):
    def __init__(self, undecodable: Undecodable) -> None:
        self._undecodable = undecodable

    def describe(self) -> list[Metric]:
        return []  # else registering would ask Redis

    def collect(self) -> Iterator[Metric]:
        """No sample where Redis does not say."""
        number = self._undecodable()
        sentence = "Messages that workers threw away since they were no wake-ups."
        yield CounterMetricFamily("longhand_undecodable_messages", sentence, number)


def _jobs(session: Session) -> Metric:
    live = (JobState.QUEUED, JobState.RUNNING)
    counted = select(Job.status, func.count()).where(Job.status.in_(live)).group_by(Job.status)
    return _by_state(session, "longhand_jobs", "Jobs that have not ended, by state.", live, counted)


def _ended(session: Session) -> Metric:
    counted = select(Job.status, func.count()).where(LATELY, Job.status.in_(ENDED)).group_by(Job.status)
    return _by_state(
        session, "longhand_jobs_ended", "Jobs that ended within an hour, by state.", sorted(ENDED), counted
    )


def _by_state(
    session: Session, name: str, sentence: str, states: Iterable[JobState], counted: Select[str, int]
) -> Metric:
    family = GaugeMetricFamily(name, sentence, labels=["state"])
    for state, number in (dict.fromkeys(states, 0) | _pairs(session.execute(counted))).items():
        family.add_metric([state], number)
    return family


def _due(session: Session) -> Iterator[Metric]:
    due = (Job.status == JobState.QUEUED, Job.due_ms <= NOW)
    waits = select(Job.lane, func.count(), NOW - func.min(Job.due_ms)).where(*due).group_by(Job.lane)
    rows = session.execute(waits).all()
    family = GaugeMetricFamily("longhand_jobs_due", "Queued jobs whose time has come, by lane.", labels=["lane"])
    for lane, number in (dict.fromkeys(Lane, 0) | {lane: number for lane, number, _ in rows}).items():
        family.add_metric([lane], number)
    yield family
    oldest_s = max((waited_ms for _, _, waited_ms in rows), default=0) / 1000
    yield GaugeMetricFamily("longhand_oldest_due_seconds", "How long the oldest due job has waited.", oldest_s)


def _segments(session: Session) -> Iterator[Metric]:
    tally = SegmentSums(*map(int, session.execute(select(*SUMS).where(Segment.job_id.in_(PRESENT))).one()))
    outside = select(func.coalesce(func.sum(Job.sent_outside_ms), 0)).where(Job.id.in_(PRESENT))
    outside_ms = int(session.scalar(outside) or 0)
    numbers = {
        "segments": ("Segments cut, of jobs that run or ended within an hour.", tally.segments),
        "segments_done": ("The part of them with an answer or a gap.", tally.done),
        "segments_gaps": ("The part of them that a service refused for good.", tally.gaps),
        "audio_needed_seconds": ("Their length: audio that is not silence.", tally.needed_ms / 1000),
        "audio_sent_seconds": ("Audio sent for these jobs, over all attempts.", (tally.sent_ms + outside_ms) / 1000),
        "audio_reused_seconds": ("Audio of theirs whose answer was there already.", tally.reused_ms / 1000),
    }
    for name, (sentence, number) in numbers.items():
        yield GaugeMetricFamily(f"longhand_{name}", sentence, number)


def _waste(session: Session) -> Iterator[Metric]:
    """What docs/operations.md has as SQL: sent over needed, of the segments that were settled by sending them."""
    sent_ms, needed_ms, raced_ms = session.execute(select(*WASTE).where(Segment.job_id.in_(PRESENT))).one()
    ratio = sent_ms / needed_ms if needed_ms else 1.0
    yield GaugeMetricFamily("longhand_audio_waste_ratio", "Audio sent over audio needed; 1 is nothing twice.", ratio)
    yield GaugeMetricFamily(
        "longhand_audio_raced_seconds", "Audio sent twice, since two jobs had it at once.", raced_ms / 1000
    )


def _budgets(session: Session) -> Metric:
    """No sample where none was set."""
    labels = ["scope", "name", "period"]
    family = GaugeMetricFamily("longhand_budget_used_ratio", "The spent share of a budget.", labels=labels)
    for one in budgets_of(session):
        family.add_metric([one.scope, one.name, one.period], one.spent_share)
    return family


def _dispatchers(database: Database) -> Iterator[Metric]:
    """No sample where no dispatcher has ever run."""
    age_ms = dispatcher_age_ms(database)
    family = GaugeMetricFamily("longhand_dispatcher_last_round_seconds", "Since a dispatcher's last round.", labels=[])
    if age_ms is not None:
        family.add_metric([], age_ms / 1000)
    yield family


def _services(database: Database) -> Metric:
    """Only services that have met trouble have a row."""
    family = GaugeMetricFamily(
        "longhand_service_state", "1 for the state a service is in.", labels=["service", "state"]
    )
    for name, status in service_states(database).items():
        for state in BreakerState:
            family.add_metric([name, state], float(state == status.state))
    return family


def _pairs(rows: object) -> dict[str, int]:
    return {name: int(number) for name, number in rows}  # type: ignore[attr-defined]  # rows of two columns
